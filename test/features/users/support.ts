import { createTestApp, env, type TestApp } from '../../support/app.ts'
import { newAddress } from '../../support/users.ts'

export const app = createTestApp()

export interface Request {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly app?: TestApp
}

/** One call below `/api/v1/users`, from a network of its own. */
export async function ask(
  method: string,
  path: string,
  { headers = {}, body, ...rest }: Request = {},
): Promise<[number, Record<string, unknown>]> {
  const answer = await (rest.app ?? app).fetch(`/api/v1/users${path}`, {
    method,
    headers: {
      'cf-connecting-ip': newAddress(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return [answer.status, await answer.json()]
}

/** A state that no route of this feature leads to. */
export const setColumn = (userId: string, column: string, value: unknown) =>
  env.DB.prepare(`update users set ${column} = ? where id = ?`).bind(value, userId).run()
