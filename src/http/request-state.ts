import type { Ctx } from '../context.ts'
import type { Identity } from './guard.ts'
import type { ErrorRenderer } from './render-error.ts'

/** What one request knows. Lives in Hono's variables; only `http/` and `app.ts` see it. */
export interface RequestState {
  ctx: Ctx
  /** Who asks; computed once, at the first question. */
  identity: Promise<Identity> | null
  /** Headers that the answer gets whatever becomes of it: rate limits. */
  answerHeaders: Record<string, string>
}

export interface HonoEnv {
  Variables: {
    state: RequestState
    /** The context that the route's guard narrowed, and the request before its body was read. */
    admitted: { readonly ctx: Ctx; readonly request: Request }
    renderError?: ErrorRenderer
  }
}
