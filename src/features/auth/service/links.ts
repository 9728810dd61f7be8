import type { Ctx } from '../../../context.ts'

export { linkInvalid } from '../errors.ts'

/** Of a page that this service serves, with the token that opens it. */
export const linkTo = (ctx: Pick<Ctx, 'config'>, path: string, token: string): string =>
  `${ctx.config.PUBLIC_URL}${path}?token=${encodeURIComponent(token)}`
