import type { Ctx } from '../../context.ts'
/** Answers the gateway forms of `/validate` (ARCHITECTURE 3); null when the request is for another route. */
export async function answerGateway(_ctx: Ctx, _request: Request): Promise<Response | null> {
  return null
}
