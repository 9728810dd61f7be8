import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { newEmail, PASSWORD } from '../support/users.ts'
import { app, callerOf, inTurns, nameOf, useWorld } from './asking.ts'

useWorld()

const NAMES = [
  'accept',
  'accept-language',
  'authorization',
  'cf-connecting-ip',
  'cf-ipcountry',
  'content-type',
  'cookie',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'origin',
  'range',
  'sec-fetch-site',
  'sec-websocket-protocol',
  'upgrade',
  'user-agent',
  'x-auth-require',
  'x-forwarded-for',
  'x-http-method-override',
  'x-original-url',
  'x-request-id',
]

const VALUES: Readonly<Record<string, string>> = {
  empty: '',
  separators: ',,;;==&&',
  quotes: '"\'`\\',
  'high letters': 'caf\u00e9 \u00ff',
  markup: '<script>alert(1)</script>',
  'an escape': '%00%ff%0d%0a',
  long: 'x'.repeat(10_000),
  Bearer: 'Bearer',
  'Bearer of two': 'Bearer a b',
  'Basic of no base64': 'Basic !!!',
  'Basic without a colon': 'Basic YWJj',
  'a token without a signature': 'Bearer eyJhbGciOiJub25lIn0.e30.',
  dots: 'Bearer ...',
  websocket: 'websocket',
  'an address of nobody': '999.999.999.999',
  'an address with a zone': 'fe80::1%eth0',
  'a type of nobody': 'application/json; charset="utf-7"; charset=x',
}

const ROUTES: Readonly<Record<string, unknown>> = {
  'GET /api/v1/auth/me': undefined,
  'GET /api/v1/sessions': undefined,
  'GET /validate': undefined,
  'GET /api/v1/ws': undefined,
  'GET /docs': undefined,
  'GET /magic-link': undefined,
  'POST /api/v1/auth/signin': { email: newEmail(), password: PASSWORD },
  'POST /api/v1/auth/refresh': { refresh_token: 'prt_none' },
  'POST /api/v1/auth/validate': { token: 'none' },
  'POST /oauth/token': { grant_type: 'client_credentials' },
  'POST /auth/login': { username: newEmail(), password: PASSWORD },
  'GET /users/profile': undefined,
  'GET /api/v1/scim/v2/Users': undefined,
  'POST /api/v1/scim/v2/Users': { userName: newEmail() },
  'GET /no/such/path': undefined,
}

/** A body as the route takes it: the header under test may say something else. */
const bodyOf = (name: string, body: unknown): Pick<RequestInit, 'body'> => {
  if (body === undefined) return {}
  return {
    body: name.startsWith('POST /oauth')
      ? new URLSearchParams(body as Record<string, string>).toString()
      : JSON.stringify(body),
  }
}

describe('a strange header', () => {
  it.each(Object.entries(ROUTES))('is no failure of %s', async (name, body) => {
    const [method = '', path = ''] = name.split(' ')
    const route = listRoutes().find((one) => nameOf(one) === name)
    const token = route && route.spec.guard.kind !== 'public' ? (await callerOf(route)).token : null
    const probes = NAMES.flatMap((header) => Object.entries(VALUES).map(([what, value]) => ({ header, what, value })))
    await inTurns(probes, async ({ header, what, value }) => {
      const answer = await app.fetch(path, {
        method,
        ...bodyOf(name, body),
        headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), [header]: value },
      })
      expect([header, what, answer.status < 500]).toEqual([header, what, true])
      answer.webSocket?.accept()
      answer.webSocket?.close()
      const text = [...answer.headers.values()].join()
      expect(text).not.toContain('<script>')
    })
  })
})
