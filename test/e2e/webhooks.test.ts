import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { answerOf, bearer, post, type SignedIn, signUpVerified } from './support/api.ts'
import { type Authority, createAuthority } from './support/certificates.ts'
import { type OwnPostern, startOwnPostern, startPostern } from './support/postern.ts'
import { type Received, type Receiver, startReceiver, thanks } from './support/receiver.ts'

interface Made {
  readonly id: string
  readonly secret: string
  readonly whsec: string
}

let authority: Authority
let postern: OwnPostern
const open: Receiver[] = []

beforeAll(async () => {
  authority = await createAuthority()
  postern = await startOwnPostern(inject('checkout'), { NODE_EXTRA_CA_CERTS: authority.file })
}, 120_000)

afterAll(async () => {
  await Promise.all(open.map((receiver) => receiver.close()))
  await postern?.stop()
  await authority?.remove()
})

async function newReceiver(...args: Parameters<typeof startReceiver>): Promise<Receiver> {
  const receiver = await startReceiver(...args)
  open.push(receiver)
  return receiver
}

const call = <T>(user: SignedIn, method: string, path: string, body?: unknown, expected = 200): Promise<T> =>
  answerOf<T>(
    fetch(`${postern.origin}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...bearer(user.access_token) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    expected,
  )

const make = (user: SignedIn, url: string, fields: object = {}): Promise<Made> =>
  call(user, 'POST', '/api/v1/webhooks', { url, events: ['user.updated'], ...fields }, 201)

/** Causes one event of the user. */
const rename = (user: SignedIn, name: string) => call(user, 'PATCH', '/api/v1/users/me', { first_name: name })

const deliveriesOf = (user: SignedIn, { id }: Made) =>
  call<{ status: string; status_code: number | null; error: string | null; duration_ms: number }[]>(
    user,
    'GET',
    `/api/v1/webhooks/${id}/deliveries`,
  )

const soon = (check: () => unknown, timeout = 15_000) => vi.waitFor(check, { timeout, interval: 20 })

/** As the shipped verifier of Janua does it. */
const januaSignature = ({ headers, body }: Received, secret: string) =>
  createHmac('sha256', secret).update(`${headers['x-webhook-timestamp']}.${body}`).digest('hex')

function requireSigned(received: Received, { secret, whsec }: Pick<Made, 'secret' | 'whsec'>): void {
  const headers = received.headers as Record<string, string>
  new StandardWebhook(whsec).verify(received.body, headers)
  new SvixWebhook(whsec).verify(received.body, headers)
  expect(() => new StandardWebhook(whsec).verify(`${received.body} `, headers)).toThrow()
  expect(secret).toMatch(/^[0-9a-f]{64}$/)
}

describe('a receiver', () => {
  it('gets an event within seconds, and verifies it by each library', async () => {
    const user = await signUpVerified(postern.origin)
    const receiver = await newReceiver()
    const made = await make(user, receiver.url)
    await rename(user, 'Ada')
    await soon(() => expect(receiver.received).toHaveLength(1))
    const [received] = receiver.received
    if (!received) throw new Error('nothing was received')
    requireSigned(received, made)
    expect(received.headers['x-webhook-signature']).toBe(januaSignature(received, made.secret))
    expect(received.json).toMatchObject({
      type: 'user.updated',
      seq: 1,
      user_id: user.userId,
      data: { after: { first_name: 'Ada' } },
    })
  })

  it('verifies by either secret while one replaces the other', async () => {
    const user = await signUpVerified(postern.origin)
    const receiver = await newReceiver()
    const former = await make(user, receiver.url)
    const next = await call<Made>(user, 'POST', `/api/v1/webhooks/${former.id}/regenerate-secret`, {
      grace_seconds: 600,
    })
    await rename(user, 'Ada')
    await soon(() => expect(receiver.received).toHaveLength(1))
    const [received] = receiver.received
    if (!received) throw new Error('nothing was received')
    for (const made of [former, next]) requireSigned(received, made)
    expect(received.headers['x-webhook-signature']).toBe(januaSignature(received, next.secret))
  })

  it('over HTTPS is called where its certificate is good, and not where it is of another name or of nobody', async () => {
    const user = await signUpVerified(postern.origin)
    const stranger = await createAuthority()
    const good = await newReceiver(await authority.issue('localhost'))
    const otherName = await newReceiver(await authority.issue('elsewhere.example'))
    const nobodys = await newReceiver(await stranger.issue('localhost'))
    const made = []
    for (const { url } of [good, otherName, nobodys]) made.push(await make(user, url))
    await rename(user, 'Ada')
    await soon(() => expect(good.received).toHaveLength(1))
    for (const one of made.slice(1))
      await soon(async () =>
        expect((await deliveriesOf(user, one))[0]).toMatchObject({
          status: 'failed',
          status_code: null,
          error: 'unreachable',
        }),
      )
    expect([otherName.received.length, nobodys.received.length]).toEqual([0, 0])
    await stranger.remove()
  })

  it('that misbehaves costs an attempt and nothing else', { timeout: 60_000 }, async () => {
    const user = await signUpVerified(postern.origin)
    const inside = await newReceiver()
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const cases: readonly (readonly [answer: Receiver['answers'][number], expected: object])[] = [
      [(response) => response.destroy(), { status: 'failed', status_code: null, error: 'unreachable' }],
      [() => undefined, { status: 'failed', status_code: null, error: 'timeout' }],
      [(response) => response.writeHead(302, { location: inside.url }).end(), { status: 'failed', status_code: 302 }],
      [
        (response) => {
          response.writeHead(200)
          const endless = setInterval(() => response.write('x'.repeat(65_536)), 1)
          response.on('close', () => clearInterval(endless))
        },
        { status: 'delivered', status_code: 200 },
      ],
      [
        (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
        { status: 'delivered', status_code: 200 },
      ],
    ]
    await Promise.all(
      cases.map(async ([answer, expected]) => {
        const receiver = await newReceiver()
        receiver.answers = [answer]
        const made = await make(user, receiver.url)
        return { receiver, made, expected }
      }),
    ).then(async (all) => {
      await rename(user, 'Ada')
      for (const { made, expected } of all)
        await soon(async () => expect((await deliveriesOf(user, made))[0]).toMatchObject(expected), 20_000)
    })
    expect(inside.received).toEqual([])
    expect((await fetch(`${postern.origin}/liveness`)).status).toBe(200)
  })

  it('that answers in halves, or after a refusal, gets the same event again', { timeout: 60_000 }, async () => {
    const user = await signUpVerified(postern.origin)
    const receiver = await newReceiver()
    receiver.answers = [
      (response) => response.writeHead(503, { 'retry-after': '1' }).end(),
      async (response) => {
        response.writeHead(200)
        response.write('tha')
        await sleep(200)
        response.end('nks')
      },
    ]
    const made = await make(user, receiver.url)
    await rename(user, 'Ada')
    await soon(() => expect(receiver.received).toHaveLength(2), 30_000)
    const [first, second] = receiver.received
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.body).toBe(first?.body)
    expect([first?.headers['x-webhook-attempt'], second?.headers['x-webhook-attempt']]).toEqual(['1', '2'])
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(3500)
    await soon(async () =>
      expect((await deliveriesOf(user, made))[0]).toMatchObject({ status: 'delivered', status_code: 200 }),
    )
  })

  it('that hangs delays nobody else', { timeout: 90_000 }, async () => {
    const user = await signUpVerified(postern.origin)
    const slow = await newReceiver()
    const quick = await Promise.all([newReceiver(), newReceiver(), newReceiver()])
    for (const { url } of quick) await make(user, url)
    await make(user, slow.url)
    const measure = async (rounds: number): Promise<number> => {
      const times: number[] = []
      for (let n = 0; n < rounds; n += 1) {
        const before = quick.map(({ received }) => received.length)
        const began = performance.now()
        await rename(user, `N${n}-${began}`)
        await soon(() => expect(quick.map(({ received }) => received.length)).toEqual(before.map((count) => count + 1)))
        times.push(...quick.map(({ received }) => (received.at(-1)?.at ?? 0) - began))
      }
      return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0
    }
    await measure(3)
    const without = await measure(12)
    slow.answers = [() => undefined]
    const withHanging = await measure(12)
    // Of a busy machine: the hanging one takes ten seconds.
    expect(withHanging).toBeLessThan(without * 1.2 + 500)
  })
})

describe('a service that is killed while it delivers', () => {
  it('loses nothing, and repeats under the same ids', { timeout: 120_000 }, async () => {
    const first = await startOwnPostern(inject('checkout'))
    const origin = first.origin
    const user = await signUpVerified(origin)
    const receiver = await newReceiver()
    const headers = bearer(user.access_token)
    await answerOf(
      post(origin, '/api/v1/webhooks', { url: receiver.url, events: ['user.updated'], ordered: true }, headers),
      201,
    )
    // Each answer takes a while, so that the kill comes between a call and its write.
    receiver.answers = [
      async (response) => {
        await sleep(150)
        thanks(response, undefined as never)
      },
    ]
    for (let n = 0; n < 8; n += 1)
      await answerOf(
        fetch(`${origin}/api/v1/users/me`, {
          method: 'PATCH',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ first_name: `N${n}` }),
        }),
        200,
      )
    await soon(() => expect(receiver.received.length).toBeGreaterThanOrEqual(2))
    await first.running.stop('SIGKILL')
    const before = receiver.received.length
    const second = await startPostern(inject('checkout'), { PORT: String(first.port), PERSIST_TO: first.state })
    const names = () => [...new Set(receiver.received.map(({ json }) => json.data.after.first_name))]
    await soon(() => expect(names()).toHaveLength(8), 75_000)
    expect(names()).toEqual(Array.from({ length: 8 }, (_, n) => `N${n}`))
    expect(receiver.received.length).toBeGreaterThan(before)
    const ids = new Map(
      receiver.received.map(({ json, headers: { 'webhook-id': id } }) => [json.data.after.first_name, id]),
    )
    for (const { json, headers: sent } of receiver.received)
      expect(sent['webhook-id']).toBe(ids.get(json.data.after.first_name))
    await second.running.stop()
    await first.stop()
  })
})
