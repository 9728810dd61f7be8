import type { Ctx } from '../../context.ts'
import { answerPage, type Page, prefersHtml } from '../../http/page.ts'
import type { Route } from '../../http/router.ts'
import { frameOf, type MessageKey, type PageTextsCtx } from '../localization/service/texts.ts'

/** An operation in the API reference, as Swagger UI addresses it. */
function referenceOf(routes: readonly Route[], id: string): string {
  const tag = routes.find(({ spec }) => spec.id === id)?.tag ?? ''
  return `/docs#/${encodeURIComponent(tag)}/${id}`
}

/** What somebody finds who opens the service's address in a browser. */
export async function landingPage(ctx: PageTextsCtx & Pick<Ctx, 'config'>, routes: readonly Route[]): Promise<Page> {
  const frame = await frameOf(ctx, null)
  const { app, texts } = frame
  const link = (href: string, key: MessageKey) => (
    <li>
      <a href={href}>{texts.text(key)}</a>
    </li>
  )
  const isLocal = ctx.config.MODE === 'local'
  return {
    frame,
    title: texts.text('page.landing.title', { app }),
    body: (
      <>
        <p>{texts.text('page.landing.text', { app })}</p>
        <ul>
          {link(referenceOf(routes, 'signUp'), 'page.landing.sign_up')}
          {link(referenceOf(routes, 'signIn'), 'page.landing.sign_in')}
          {link('/docs', 'page.landing.docs')}
          {link('/openapi.json', 'page.landing.openapi')}
          {link('/health', 'page.landing.health')}
          {isLocal && link('/dev/mailbox', 'page.mailbox.title')}
        </ul>
      </>
    ),
  }
}

/** The route, with the landing page for browsers. Programs get what the route answers. */
export const withLanding = (route: Route, routes: readonly Route[]): Route => ({
  ...route,
  handle: async (input) =>
    prefersHtml(input.request) ? answerPage(await landingPage(input.ctx, routes)) : route.handle(input),
})
