import { expect, inject, it } from 'vitest'
import { PASSWORD, signUp } from './support/api.ts'
import { ADMIN } from './support/checkout.ts'
import { freePort } from './support/ports.ts'
import { start } from './support/process.ts'

async function diagnose(url: string, env: Readonly<Record<string, string>> = {}) {
  const command = ['scripts/run.mjs', 'doctor', '--url', url]
  const running = start(process.execPath, command, { cwd: inject('checkout'), env })
  return { code: await running.ended, output: running.output() }
}

const AS_ADMIN = { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password }

it('finds a running service well, and measures how soon an ended session is refused', async () => {
  const { code, output } = await diagnose(inject('origin'), AS_ADMIN)
  expect(code, output).toBe(0)
  for (const name of ['reachable', 'settings', 'keys', 'clock', 'revocation', 'root key', 'mail'])
    expect(output).toMatch(new RegExp(`^ok +${name} `, 'm'))
  expect(Number(/refused after (\d+) ms/.exec(output)?.[1])).toBeLessThan(5000)
  expect(output).toContain('everything is sealed under ROOT_SECRET')
  expect(output).toContain(`sent to ${ADMIN.email}`)
})

it('without an admin looks at what everybody may see', async () => {
  const { code, output } = await diagnose(inject('origin'))
  expect(code, output).toBe(0)
  expect(output).toMatch(/^skip +mail +needs ADMIN_EMAIL and ADMIN_PASSWORD/m)
})

it('says of a user who is no admin that it is none', async () => {
  const { email } = await signUp(inject('origin'))
  const { code, output } = await diagnose(inject('origin'), { ADMIN_EMAIL: email, ADMIN_PASSWORD: PASSWORD })
  expect([code, output]).toEqual([1, expect.stringContaining(`${email} is no admin of ${inject('origin')}`)])
  expect(output).toMatch(/^ok +revocation/m)
})

it('says what is wrong', async () => {
  const url = `http://127.0.0.1:${await freePort()}`
  const closed = await diagnose(url)
  expect([closed.code, closed.output]).toEqual([
    1,
    expect.stringMatching(new RegExp(`^FAIL +reachable +${url} does not answer: ECONNREFUSED`)),
  ])
  const other = await diagnose(inject('origin').replace('127.0.0.1', 'localhost'), AS_ADMIN)
  expect([other.code, other.output]).toEqual([1, expect.stringMatching(/^FAIL +settings +PUBLIC_URL is http:\/\/127/m)])
  const stranger = await diagnose(inject('origin'), { ...AS_ADMIN, ADMIN_PASSWORD: 'not the one of the admin' })
  expect([stranger.code, stranger.output]).toEqual([
    1,
    expect.stringMatching(/^FAIL +revocation .* 401 INVALID_CREDENTIALS/m),
  ])
})
