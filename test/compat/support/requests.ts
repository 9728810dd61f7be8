import { createTestApp, json, type TestApp } from '../../support/app.ts'
import { newAddress } from '../../support/users.ts'

export const app = createTestApp()

export interface Call {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly form?: Readonly<Record<string, string>>
  readonly app?: TestApp
}

/** One call from a network of its own, unless its headers name one. */
export function call(method: string, path: string, { headers, body, form, ...rest }: Call = {}): Promise<Response> {
  const sent = { 'cf-connecting-ip': newAddress(), ...headers }
  const to = rest.app ?? app
  if (form) return to.fetch(path, { method, headers: sent, body: new URLSearchParams(form) })
  if (body !== undefined) return to.fetch(path, { ...json(body, sent), method })
  return to.fetch(path, { method, headers: sent })
}

/** Status and body, as a client reads them. */
export async function answerOf(answering: Promise<Response>): Promise<[number, Record<string, unknown>]> {
  const answer = await answering
  return [answer.status, await answer.json()]
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` })
