import { randomUUID } from 'node:crypto'
import axios from 'axios'
import { describe, expect, inject, it } from 'vitest'
import { PASSWORD, signIn } from './support/api.ts'
import { PROJECT_ROOT } from './support/checkout.ts'
import { start } from './support/process.ts'

const origin = inject('origin')
const newEmail = () => `${randomUUID()}@example.com`

async function submit(fields: Record<string, string>, flags: readonly string[] = [], password = PASSWORD) {
  const args = Object.entries(fields).map(([name, value]) => `${name}=${value}`)
  const client = start(process.execPath, ['examples/clients/vendor-form/register.mjs', ...flags, ...args], {
    cwd: PROJECT_ROOT,
    env: { POSTERN: origin, PASSWORD: password },
  })
  return { code: await client.ended, lines: client.output().trim().split('\n') }
}

describe('examples/clients/vendor-form', () => {
  it.each([
    ['URL-encoded', []],
    ['multipart', ['--multipart']],
  ])('registers a vendor by a form that is %s, and signs it in', async (_form, flags) => {
    const email = newEmail()
    const fields = { name: 'Corner Shop & Söhne', email, description: 'Bread = milk', rating: '4.5' }
    const { code, lines } = await submit(fields, flags)
    expect([code, lines[1]]).toEqual([0, `signed in as ${email}`])
    expect(JSON.parse(lines[0]?.replace('registered ', '') ?? '')).toEqual({
      id: expect.any(Number),
      name: 'Corner Shop & Söhne',
      description: 'Bread = milk',
      rating: 4.5,
    })
    expect(await signIn(origin, email)).toMatchObject({ email })
  })

  it('says what is wrong with its fields, and that an address is taken', async () => {
    const fields = { name: 'Corner Shop', email: newEmail() }
    expect(await submit({ name: '', email: 'nobody', rating: 'good' })).toEqual({
      code: 1,
      lines: [
        '422 name: String should have at least 1 character',
        'email: value is not a valid email address',
        'rating: Input should be a valid number, unable to parse string as a number',
      ],
    })
    expect((await submit(fields)).code).toBe(0)
    expect(await submit(fields)).toEqual({ code: 1, lines: ['400 Email already registered'] })
  })
})

describe('a form that axios makes of an object', () => {
  it('is taken by its content type alone', async () => {
    const fields = { name: 'Corner Shop', email: newEmail(), password: PASSWORD, rating: 3 }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await axios.post(`${origin}/vendor/register_vendor`, fields, { headers, proxy: false })
    expect([answer.status, answer.data.rating]).toEqual([200, 3])
  })
})
