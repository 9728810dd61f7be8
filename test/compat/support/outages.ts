import { expect } from 'vitest'
import type { User } from '../../../src/features/users/types.ts'
import { bearerOf, type Call, type Failure, isolateWithout, type Part } from '../../faults/support.ts'
import { env, type TestApp } from '../../support/app.ts'
import { newAddress } from '../../support/users.ts'
import { openAccount } from '../../support/world.ts'

/** No call waits longer than 5 s for a part or two; the rest is for many calls on one core. */
export const BOUND_MS = 90_000

export interface Person {
  readonly user: User
  readonly accessToken: string
  readonly refreshToken: string
  readonly headers: Readonly<Record<string, string>>
}

/** Somebody with the tests' password, and a session. */
export async function newPerson(app: TestApp, role = 'user'): Promise<Person> {
  const { user, tokens } = await openAccount(app, { role })
  return { user, ...tokens, headers: bearerOf(tokens.accessToken) }
}

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
}

export async function answerIn(app: TestApp, [path, init]: Call): Promise<Answered> {
  const headers = new Headers(init?.headers)
  headers.set('cf-connecting-ip', newAddress())
  const answer = await app.fetch(path, { ...init, headers })
  return { status: answer.status, body: await answer.json() }
}

/** What each call is answered in an isolate that has just begun, with a part out of order. */
export async function answersWithout(
  part: Part,
  failure: Failure,
  calls: Readonly<Record<string, Call>>,
): Promise<Record<string, Answered>> {
  const answers = Object.entries(calls).map(
    async ([name, call]) => [name, await answerIn(isolateWithout(part, failure), call)] as const,
  )
  return Object.fromEntries(await Promise.all(answers))
}

export const statusesOf = (answers: Readonly<Record<string, Answered>>): Record<string, number> =>
  Object.fromEntries(Object.entries(answers).map(([name, { status }]) => [name, status]))

/** 503 where the part is needed, else as ever: 200, unless `whole` says another. */
export const expectedStatuses = <Name extends string>(
  names: readonly Name[],
  { unavailable, whole }: { unavailable: readonly Name[]; whole: Partial<Record<Name, number>> },
): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, unavailable.includes(name) ? 503 : (whole[name] ?? 200)]))

/** What was refused has not happened, and all else has. */
export function expectHappened(
  answers: Readonly<Record<string, Answered>>,
  happened: Readonly<Record<string, boolean>>,
): void {
  for (const [name, has] of Object.entries(happened)) expect([name, has]).toEqual([name, answers[name]?.status !== 503])
}

export const isRegistered = async (email: string): Promise<boolean> =>
  (await env.DB.prepare('select 1 from users where email = ?').bind(email).first()) !== null

/** Asked of the session's own object, by an isolate that has all of its parts. */
export async function isLive(app: TestApp, headers: Readonly<Record<string, string>>): Promise<boolean> {
  return (await app.fetch('/validate?consistency=strong', { headers })).ok
}
