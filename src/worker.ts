import { type Env, isBroken, loadConfig } from './config.ts'
import { createContext, type EarlyCtx, systemClock } from './context.ts'
import { answerCheck, answerGateway, isCheckPath } from './features/validation/gateway.ts'
import { withAnswerHeaders, withCheckHeaders } from './http/answer-headers.ts'
import { renderError } from './http/render-error.ts'
import { clientAddress, clientCountry } from './http/request.ts'
import { createServer } from './http/server.ts'
import { configurationError } from './lib/errors.ts'
import { newUuid } from './lib/ids.ts'
import type { Isolate } from './lib/isolate.ts'
import { late } from './lib/late.ts'
import { createLog } from './lib/log.ts'

const app = late(() => import('./app.ts'))

export interface App {
  fetch(request: Request, env: Env, execution: Pick<ExecutionContext, 'waitUntil'>): Promise<Response>
}

export interface AppOptions {
  readonly isolate: Isolate
  /** Tests pass a clock, an address or a failing store. */
  readonly override?: (ctx: EarlyCtx) => EarlyCtx
}

export function createApp({ isolate, override = (ctx) => ctx }: AppOptions): App {
  const serve = createServer({
    answerGateway,
    answerCheck,
    isCheckPath,
    loadRouting: async (config) => (await app.load()).routingOf(config),
  })
  return {
    async fetch(request, env, execution) {
      const requestId = requestIdOf(request)
      const config = await loadConfig(env)
      if (isBroken(config)) return answerBroken(request, requestId, config.broken)
      isolate.startedAt(systemClock())
      const ctx = override(
        createContext({
          env,
          config,
          isolate,
          requestId,
          ip: clientAddress(request, config),
          country: clientCountry(request),
          userAgent: request.headers.get('user-agent')?.slice(0, 512) ?? null,
          acceptLanguage: () => request.headers.get('accept-language'),
          uiLocales: () => uiLocalesOf(request),
          waitUntil: (work) => execution.waitUntil(work),
        }),
      )
      return serve(ctx, request)
    },
  }
}

/** The caller's own request id when it is a plain token, so that logs of both sides meet. */
function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id')
  return given !== null && /^[A-Za-z0-9._-]{8,128}$/.test(given) ? given : newUuid()
}

function uiLocalesOf({ url }: Request): string | null {
  const { searchParams } = new URL(url)
  return searchParams.get('ui_locales') ?? searchParams.get('lang')
}

/** Without its configuration the service answers nothing but that it runs. */
function answerBroken(
  request: Request,
  requestId: string,
  broken: readonly { name: string; reason: string }[],
): Response {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  // A gateway's check that dots turned to this path must not pass (features/validation/gateway.ts).
  const isProbe = isRead && !request.headers.has('x-auth-require')
  const pathname = new URL(request.url).pathname.replace(/\/$/, '')
  if (isProbe && pathname === '/liveness')
    return withAnswerHeaders({ requestId }, Response.json({ status: 'alive' }), {})
  createLog({ request_id: requestId }).warn('configuration_error', {
    settings: broken.map(({ name, reason }) => `${name} ${reason}`).join('; '),
  })
  const answer = renderError({ requestId, now: systemClock }, configurationError())
  return isCheckPath(pathname)
    ? withCheckHeaders({ requestId }, answer, {})
    : withAnswerHeaders({ requestId }, answer, {})
}
