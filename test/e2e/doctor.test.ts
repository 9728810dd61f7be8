import { expect, inject, it } from 'vitest'
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
  for (const name of ['reachable', 'settings', 'keys', 'clock', 'revocation', 'mail'])
    expect(output).toMatch(new RegExp(`^ok +${name} `, 'm'))
  expect(Number(/refused after (\d+) ms/.exec(output)?.[1])).toBeLessThan(5000)
  expect(output).toContain(`sent to ${ADMIN.email}`)
})

it('without an admin looks at what everybody may see', async () => {
  const { code, output } = await diagnose(inject('origin'))
  expect(code, output).toBe(0)
  expect(output).toMatch(/^skip +mail +needs ADMIN_EMAIL and ADMIN_PASSWORD/m)
})

it('says what is wrong', async () => {
  const closed = await diagnose(`http://127.0.0.1:${await freePort()}`)
  expect([closed.code, closed.output]).toEqual([
    1,
    expect.stringMatching(/^FAIL +reachable +does not answer: ECONNREFUSED/),
  ])
  const other = await diagnose(inject('origin').replace('127.0.0.1', 'localhost'), AS_ADMIN)
  expect([other.code, other.output]).toEqual([1, expect.stringMatching(/^FAIL +settings +PUBLIC_URL is http:\/\/127/m)])
  const stranger = await diagnose(inject('origin'), { ...AS_ADMIN, ADMIN_PASSWORD: 'not the one of the admin' })
  expect([stranger.code, stranger.output]).toEqual([
    1,
    expect.stringMatching(/^FAIL +revocation .* 401 INVALID_CREDENTIALS/m),
  ])
})
