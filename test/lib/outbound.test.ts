import { describe, expect, it } from 'vitest'
import { findOutboundAddress, type OutboundError, outbound } from '../../src/lib/outbound.ts'

const PRODUCTION = { MODE: 'production', PUBLIC_URL: 'https://auth.example.com' } as const
const LOCAL = { MODE: 'local', PUBLIC_URL: 'http://127.0.0.1:8787' } as const

const answering = (answer: (url: string, init?: RequestInit) => Promise<Response> | Response, config = PRODUCTION) => ({
  config,
  fetch: (async (url, init) => answer(String(url), init)) as typeof fetch,
})

const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    ({ reason }: OutboundError) => reason,
  )

describe('addresses that may be called', () => {
  it.each(['https://id.example.org/keys?x=1', 'https://id.example.org:8443/', 'https://xn--bcher-kva.example/'])(
    'in production: %s',
    (address) => {
      expect(findOutboundAddress({ config: PRODUCTION }, address)?.href).toBe(address)
    },
  )

  it.each([
    'http://id.example.org/',
    'ftp://id.example.org/',
    'data:text/plain,x',
    'https://user@id.example.org/',
    'https://:pass@id.example.org/',
    'https://auth.example.com/api',
    'https://AUTH.example.com:443/api',
    'https://auth.example.com./api',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://10.0.0.8/',
    'https://203.0.113.9/',
    'https://203.0.113.9./',
    'https://[::1]/',
    'https://[2001:db8::1]/',
    'https://localhost/',
    'https://localhost./',
    'https://app.localhost/',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'https://intranet/',
    'no address',
    '',
  ])('not in production: %s', (address) => {
    expect(findOutboundAddress({ config: PRODUCTION }, address)).toBeUndefined()
  })

  it('has loopback in local mode, at other ports than our own', () => {
    const isCalled = (address: string) => findOutboundAddress({ config: LOCAL }, address) !== undefined
    expect(isCalled('http://127.0.0.1:9000/token')).toBe(true)
    expect(isCalled('http://localhost:9000/token')).toBe(true)
    for (const name of ['127.0.0.1', 'localhost', 'localhost.', '[::1]', '127.0.0.1.'])
      expect(isCalled(`http://${name}:8787/token`), name).toBe(false)
    expect(isCalled('http://id.example.org/token')).toBe(false)
    expect(isCalled('http://10.0.0.8/token')).toBe(false)
  })
})

describe('a call', () => {
  const address = 'https://id.example.org/token'

  it('brings status, headers and body', async () => {
    const caller = answering(
      () => new Response('{"a":1}', { status: 400, headers: { 'content-type': 'application/json' } }),
    )
    const answer = await outbound(caller, address)
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      400,
      'application/json',
      '{"a":1}',
    ])
  })

  it('brings an answer without a body', async () => {
    expect(
      (
        await outbound(
          answering(() => new Response(null, { status: 204 })),
          address,
        )
      ).status,
    ).toBe(204)
  })

  it('sends what was asked for, and follows nothing', async () => {
    const seen: RequestInit[] = []
    const caller = answering((_, init) => {
      if (init) seen.push(init)
      return new Response('')
    })
    await outbound(caller, address, { method: 'POST', body: 'a=b', redirect: 'follow' })
    expect(seen).toMatchObject([{ method: 'POST', body: 'a=b', redirect: 'manual' }])
  })

  it('fails for an address that may not be called, without a call', async () => {
    let calls = 0
    const caller = answering(() => {
      calls += 1
      return new Response('')
    })
    expect(await reasonOf(outbound(caller, 'https://10.0.0.8/'))).toBe('address')
    expect(calls).toBe(0)
  })

  it('fails at a redirect', async () => {
    const caller = answering(() => new Response(null, { status: 302, headers: { location: 'https://10.0.0.8/' } }))
    expect(await reasonOf(outbound(caller, address))).toBe('redirect')
  })

  it('fails when there is no answer', async () => {
    const caller = answering(() => Promise.reject(new TypeError('connection refused')))
    expect(await reasonOf(outbound(caller, address))).toBe('unreachable')
  })

  it('fails when the answer is late', async () => {
    const caller = answering(
      (_, init) =>
        new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
    )
    expect(await reasonOf(outbound(caller, address, {}, { boundMs: 20 }))).toBe('timeout')
  })

  it('fails when the body is late', async () => {
    const caller = answering((_, init) => {
      const body = new ReadableStream({
        start: (controller) => init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason)),
      })
      return new Response(body)
    })
    expect(await reasonOf(outbound(caller, address, {}, { boundMs: 20 }))).toBe('timeout')
  })

  it('reads no more than it may', async () => {
    const caller = answering(() => new Response('x'.repeat(1025)))
    expect(await reasonOf(outbound(caller, address, {}, { maxBytes: 1024 }))).toBe('too_large')
    expect(await (await outbound(caller, address, {}, { maxBytes: 1025 })).text()).toHaveLength(1025)
  })
})
