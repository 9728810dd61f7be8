import { expect } from 'vitest'
import { createTestApp, json, type TestApp } from '../../../support/app.ts'
import {
  type AuthenticatorSettings,
  type CreationOptions,
  type Deviation,
  type RequestOptions,
  SoftwareAuthenticator,
} from '../../../support/authenticator.ts'
import { newAddress, type SignedInUser, signUpUser } from '../../../support/users.ts'

export const app = createTestApp()

export const post = (path: string, body: unknown, headers: Record<string, string> = {}, to: TestApp = app) =>
  to.fetch(`/api/v1/passkeys/${path}`, json(body, { 'cf-connecting-ip': newAddress(), ...headers }))

export const send = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
  app.fetch(`/api/v1/passkeys${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

export async function answerOf<T>(response: Response, status = 200): Promise<T> {
  const text = await response.text()
  expect([response.status, text]).toEqual([status, text])
  return JSON.parse(text) as T
}

export const codeOf = async (response: Response): Promise<[number, string]> => [
  response.status,
  (await response.json<{ code: string }>()).code,
]

export interface CreationAnswer extends CreationOptions {
  readonly rp: { readonly id: string; readonly name: string }
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string }
  readonly excludeCredentials: readonly { readonly id: string }[]
  readonly [name: string]: unknown
}

export interface RequestAnswer extends RequestOptions {
  readonly sessionId: string
  readonly allowCredentials: readonly { readonly id: string; readonly type: string; readonly transports?: string[] }[]
  readonly [name: string]: unknown
}

export const beginRegistration = async (user: Pick<SignedInUser, 'headers'>, body: unknown = {}, to: TestApp = app) =>
  answerOf<CreationAnswer>(await post('register/begin', body, user.headers, to))

export const beginSignIn = async (body: unknown = {}, to: TestApp = app) =>
  answerOf<RequestAnswer>(await post('authenticate/begin', body, {}, to))

export interface Registered {
  readonly user: SignedInUser
  readonly authenticator: SoftwareAuthenticator
  readonly passkeyId: string
}

/** A passkey of `user`, made by an authenticator of its own. */
export async function addPasskey(
  user: SignedInUser,
  settings: AuthenticatorSettings = {},
  to: TestApp = app,
): Promise<Registered> {
  const authenticator = await SoftwareAuthenticator.make(settings)
  const credential = await authenticator.create(await beginRegistration(user, {}, to))
  const answer = await post('register/complete', { credential }, user.headers, to)
  const { passkey_id: passkeyId } = await answerOf<{ passkey_id: string }>(answer)
  return { user, authenticator, passkeyId }
}

/** A new user with a passkey. */
export const freshPasskey = async (settings: AuthenticatorSettings = {}, to: TestApp = app): Promise<Registered> =>
  addPasskey(await signUpUser(to), settings, to)

/** A whole sign-in, as anybody's passkey. */
export async function signIn(authenticator: SoftwareAuthenticator, deviation: Deviation = {}, to: TestApp = app) {
  const credential = await authenticator.get(await beginSignIn({}, to), deviation)
  return post('authenticate/complete', { credential }, {}, to)
}
