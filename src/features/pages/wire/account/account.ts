import type { Ctx } from '../../../../context.ts'
import { limitOwnWrite } from '../../../../http/limits.ts'
import { answerPage, type Page, requireOwnForm } from '../../../../http/page.ts'
import { errorHeaders, statusOf } from '../../../../http/render-error.ts'
import { DomainError, notFound } from '../../../../lib/errors.ts'
import { setOwnAvatar } from '../../../account/service/avatars.ts'
import { showPendingEnrolment } from '../../../account/service/factors.ts'
import { browserSecretOf } from '../../../federation/service/flow.ts'
import { type GivenFactors, listOwnProofs, stepUp } from '../../../sign-in/service/step-up.ts'
import { endLinkWithProvider } from '../../service/providers.ts'
import { seeOther, withCookies } from '../browser.ts'
import { sessionCookies } from '../cookies.ts'
import { dataPage } from './data.tsx'
import { type AccountForm, FORMS } from './forms.ts'
import { organizationPage, organizationsPage } from './organizations.tsx'
import type { Opening } from './parts.tsx'
import { profilePage } from './profile.tsx'
import { authenticatorPage, confirmPage, securityPage } from './security.tsx'
import { sessionsPage } from './sessions.tsx'
import {
  ACCOUNT_HEADERS,
  at,
  pathOf,
  type Section,
  type Visit,
  viewAccount,
  visitAccount,
  visitByForm,
} from './visit.ts'

const PAGES: Readonly<Record<Section, (visit: Visit, opening: Opening) => Promise<Page>>> = {
  profile: profilePage,
  security: securityPage,
  sessions: sessionsPage,
  organizations: organizationsPage,
  data: dataPage,
}

/** A section of the account. */
export const showSection = (ctx: Ctx, request: Request, section: Section, opening: Opening): Promise<Response> =>
  viewAccount(ctx, request, pathOf(section), async (visit) =>
    answerPage(await PAGES[section](visit, opening), ACCOUNT_HEADERS),
  )

export const showOrganization = (ctx: Ctx, request: Request, id: string, opening: Opening): Promise<Response> =>
  viewAccount(ctx, request, `/account/organizations/${id}`, async (visit) =>
    answerPage(await organizationPage(visit, opening, id), ACCOUNT_HEADERS),
  )

/** Nothing of these is ever shown again. */
const SECRET = new Set(['current_password', 'new_password', 'password', 'credential', 'code'])

const typedOf = (body: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))

/** The page of the form that was refused. */
async function pageOfRefused(
  visit: Visit,
  { name, form, typed }: { name: string; form: AccountForm; typed: Record<string, string> },
  error: DomainError,
): Promise<Page> {
  const shown = Object.fromEntries(Object.entries(typed).filter(([field]) => !SECRET.has(field)))
  const opening = { refused: { form: name, code: error.code, typed: shown } }
  const organization = /^\/account\/organizations\/(.+)$/.exec(form.pathOf(typed))?.[1]
  if (name === 'confirm-authenticator' && error.code === 'INVALID_CODE')
    return authenticatorPage(visit.frame, await showPendingEnrolment(visit.ctx), error.code)
  return organization === undefined || name === 'leave' || name === 'join'
    ? PAGES[form.section](visit, opening)
    : organizationPage(visit, opening, organization)
}

/** Takes a form of the account. Throws NOT_FOUND for one that there is not, FORBIDDEN. */
export async function submitForm(
  ctx: Ctx,
  request: Request,
  name: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Response> {
  const form: AccountForm | undefined = Object.hasOwn(FORMS, name) ? FORMS[name as keyof typeof FORMS] : undefined
  if (!form) throw notFound()
  const typed = typedOf(body)
  return visitByForm(ctx, request, form.pathOf(typed), async (visit) => {
    try {
      return await form.submit(visit, typed)
    } catch (cause) {
      return refused(cause, (error) => pageOfRefused(visit, { name, form, typed }, error))
    }
  })
}

/** What a page says of a refusal; another fresh factor, and another sign-in, are asked for on pages of their own. */
async function refused(cause: unknown, page: (error: DomainError) => Promise<Page>): Promise<Response> {
  const isSaid = cause instanceof DomainError && cause.kind !== 'internal'
  if (!isSaid || cause.code === 'STEP_UP_REQUIRED' || cause.code === 'TOKEN_ERROR') throw cause
  return answerPage({ ...(await page(cause)), status: statusOf(cause) }, { ...ACCOUNT_HEADERS, ...errorHeaders(cause) })
}

export const submitPicture = (ctx: Ctx, request: Request, bytes: Uint8Array): Promise<Response> =>
  visitByForm(ctx, request, '/account', async (visit) => {
    try {
      limitOwnWrite(visit.ctx)
      await setOwnAvatar(visit.ctx, bytes)
      return seeOther(at(visit.frame, '/account', { done: 'saved' }))
    } catch (cause) {
      const opening = (code: string): Opening => ({ refused: { form: 'picture', code, typed: {} } })
      return refused(cause, ({ code }) => profilePage(visit, opening(code)))
    }
  })

/** Paths of the account to come back to. */
const BACK = /^\/account(?:\/[\w-]+){0,2}$/

const backTo = (back: string): string => (BACK.test(back) ? back : '/account')

/** Where `/account/confirm` goes back to. */
export interface Back {
  readonly back: string
  /** A form was not taken before this. */
  readonly again?: 'yes' | undefined
}

const confirmPageOf = async (visit: Visit, { back, again }: Back, problem: string | null = null): Promise<Page> =>
  confirmPage(visit, { back: backTo(back), again, methods: await listOwnProofs(visit.ctx), problem })

/** Asks for a fresh factor. */
export const askConfirmation = (ctx: Ctx, request: Request, given: Back): Promise<Response> =>
  viewAccount(ctx, request, backTo(given.back), async (visit) =>
    answerPage(await confirmPageOf(visit, given), ACCOUNT_HEADERS),
  )

/** Adds the factor to the browser's session, and goes back. */
export async function confirm(ctx: Ctx, request: Request, given: Back, factors: GivenFactors): Promise<Response> {
  requireOwnForm(ctx, request)
  const path = backTo(given.back)
  return visitAccount(ctx, request, path, async (visit) => {
    try {
      const { opened } = await stepUp(visit.ctx, factors)
      const said = given.again && { done: 'again' }
      return withCookies(seeOther(at(visit.frame, path, said)), sessionCookies(ctx.config, opened))
    } catch (cause) {
      return refused(cause, ({ code }) => confirmPageOf(visit, given, code))
    }
  })
}

/** Ends a link with a provider, in the browser and the session that began it. */
export const endLink = (ctx: Ctx, request: Request, code: string | undefined, error: string | undefined) =>
  visitAccount(ctx, request, '/account/security', async (visit) => {
    const path = '/account/security'
    // HEAD, which scanners send, uses nothing up.
    if (request.method === 'HEAD') return seeOther(at(visit.frame, path))
    const refusal = (problem: string): Opening => ({ refused: { form: 'link', code: problem, typed: {} } })
    try {
      if (code === undefined)
        return answerPage(
          { ...(await securityPage(visit, refusal(error ?? 'OAUTH_CODE_INVALID'))), status: 400 },
          ACCOUNT_HEADERS,
        )
      await endLinkWithProvider(visit.ctx, { code, browserSecret: browserSecretOf(request) })
      return seeOther(at(visit.frame, path, { done: 'linked' }))
    } catch (cause) {
      return refused(cause, (refusedBy) => securityPage(visit, refusal(refusedBy.code)))
    }
  })
