import { expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { json } from '../../support/app.ts'
import { SoftwareAuthenticator } from '../../support/authenticator.ts'
import { createTimedApp } from '../../support/timed.ts'
import { newEmail, signUpUser } from '../../support/users.ts'
import { addPasskey, app, beginRegistration, beginSignIn, codeOf, post } from '../factors/passkeys/support.ts'

const timedApp = createTimedApp()
const ROUNDS = 4

it('the beginning of a sign-in reveals by no status, header or key who exists and who has a passkey', async () => {
  const users = await Promise.all(
    Array.from({ length: ROUNDS }, async (_, index) => {
      const user = await signUpUser(app)
      return index % 2 === 0 ? (await addPasskey(user)).user : user
    }),
  )
  await app.settled()
  const shapes = new Set<string>()
  for (const { email } of users) {
    for (const address of [email, newEmail()]) {
      const answer = await post('authenticate/begin', { email: address })
      const { allowCredentials, ...rest } = await answer.json<{ allowCredentials: Record<string, unknown>[] }>()
      const keys = [Object.keys(rest), Object.keys(allowCredentials[0] ?? {})]
      shapes.add(JSON.stringify([answer.status, [...answer.headers.keys()].toSorted(), keys]))
    }
  }
  expect([...shapes]).toHaveLength(1)
})

it('nothing that is done with the offered credentials reveals whether they are made up', async () => {
  const [{ user }, plain, attacker] = [
    await addPasskey(await signUpUser(app)),
    await signUpUser(app),
    await signUpUser(app),
  ]
  const outcomes = new Map<string, string[]>()
  for (const [who, email] of [
    ['passkey', user.email],
    ['none', plain.email],
    ['nobody', newEmail()],
  ] as const) {
    const { allowCredentials } = await beginSignIn({ email })
    const id = allowCredentials[0]?.id ?? ''
    const forged = async (options: { challenge: string; rpId: string }) => ({
      ...(await (await SoftwareAuthenticator.make()).get(options)),
      id,
      rawId: id,
    })
    const complete = async (begin: unknown) =>
      codeOf(await post('authenticate/complete', { credential: await forged(await beginSignIn(begin)) }))
    const stepUp = async () => {
      const credential = await forged(await beginSignIn())
      const { result, took } = await timedApp.timed(() =>
        timedApp.fetch('/api/v1/auth/step-up', json({ credential }, attacker.headers)),
      )
      expect(took).toBeGreaterThanOrEqual(399)
      return codeOf(result)
    }
    const register = async () => {
      const credential = await (await SoftwareAuthenticator.make({ id })).create(await beginRegistration(attacker))
      return codeOf(await post('register/complete', { credential }, attacker.headers))
    }
    const answers = [await complete({ email }), await complete({}), await stepUp(), await register()]
    outcomes.set(who, answers.map(String))
  }
  const [real, ...others] = outcomes.values()
  expect(real).toEqual([
    '400,PASSKEY_REFUSED',
    '400,PASSKEY_REFUSED',
    '400,PASSKEY_REFUSED',
    '400,PASSKEY_ALREADY_REGISTERED',
  ])
  for (const other of others) expect(other).toEqual(real)
})

it('an account has one answer under all of its names, made up or not, and the same before it existed', async () => {
  const [email, username] = [newEmail(), `user-${newUuid().slice(0, 8)}`]
  const idsOf = async (typed: string) => (await beginSignIn({ email: typed })).allowCredentials
  const before = await idsOf(email)
  const user = await signUpUser(app, { email, username })
  const names = [email, email.toUpperCase(), ` ${email}`, username, username.toUpperCase()]
  for (const name of names) expect([name, await idsOf(name)]).toEqual([name, before])
  const { authenticator } = await addPasskey(user)
  for (const name of names) expect(await idsOf(name)).toMatchObject([{ id: authenticator.id }])
})
