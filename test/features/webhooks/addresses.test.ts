import { describe, expect, it } from 'vitest'
import { findOutboundAddress } from '../../../src/lib/outbound.ts'
import { createTestApp } from '../../support/app.ts'
import { createTeam } from '../../support/organizations.ts'
import { NEW, openEndpoint, WEBHOOKS } from './support.ts'

const PUBLIC_URL = 'https://auth.example.com'

/** Addresses that lead inside, or nowhere, each in a spelling of its own. */
const REFUSED = [
  // Not https, or no address at all.
  'http://hooks.example.org/',
  'http://hooks.example.org:443/',
  'ftp://hooks.example.org/',
  'file:///etc/passwd',
  'gopher://hooks.example.org/',
  'ws://hooks.example.org/',
  'javascript:alert(1)',
  'data:text/plain,x',
  '//hooks.example.org/',
  'hooks.example.org',
  'https://',
  'https:///in',
  'https://:443/',
  'https://hooks.example.org:99999/',
  // Loopback, written in numbers.
  'https://127.0.0.1/',
  'https://127.0.0.1./',
  'https://127.1/',
  'https://127.0.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://0177.0.0.0x1/',
  'https://127.0.0.1:8443/',
  'https://%31%32%37.0.0.1/',
  'https://①②⑦.0.0.1/',
  'https://127。0。0。1/',
  'https://0/',
  'https://0.0.0.0/',
  'https://127.255.255.254/',
  // Private, link-local, shared, and public numbers too.
  'https://10.0.0.8/',
  'https://10.8/',
  'https://172.16.0.1/',
  'https://192.168.1.1/',
  'https://192.168.257/',
  'https://3232235777/',
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://0251.0376.0251.0376/',
  'https://100.64.0.1/',
  'https://198.18.0.1/',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'https://203.0.113.9/',
  'https://8.8.8.8/',
  // IPv6, with IPv4 in it.
  'https://[::1]/',
  'https://[::]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b::169.254.169.254]/',
  'https://[2002:7f00:1::]/',
  'https://[2001:0:7f00:1::]/',
  'https://[fe80::1]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[2001:db8::1]/',
  // Names that mean something inside alone.
  'https://localhost/',
  'https://LOCALHOST/',
  'https://localhost./',
  'https://hooks.localhost/',
  'https://localhost.localdomain.local/',
  'https://printer.local/',
  'https://metadata.google.internal/',
  'https://metadata.google.internal./',
  'https://vault.intranet/',
  'https://router.lan/',
  'https://nas.home/',
  'https://wiki.corp/',
  'https://1.0.0.127.in-addr.arpa/',
  'https://hidden.onion/',
  'https://intranet/',
  'https://ＬＯＣＡＬＨＯＳＴ/',
  // Credentials, and hosts behind them.
  'https://user@hooks.example.org/',
  'https://user:pass@hooks.example.org/',
  'https://hooks.example.org@127.0.0.1/',
  'https://hooks.example.org%40127.0.0.1/',
  'https://hooks.example.org:443@[::1]/',
  // Our own host.
  `${PUBLIC_URL}/api/v1/webhooks`,
  'https://AUTH.example.com/',
  'https://auth.example.com./',
  'https://auth.example.com:443/',
  'https://auth.ex\tample.com/',
  'https://ａｕｔｈ.example.com/',
  // What else listens on it.
  'https://auth.example.com:8443/',
  'https://auth.example.com.:8443/',
  // Hosts with an empty label: resolvers may take them for the name without.
  'https://localhost../',
  'https://auth.example.com../',
  'https://metadata.google.internal../',
  'https://hooks..example.org/',
  'https://.hooks.example.org/',
]

describe('an address that leads inside', () => {
  it.each(REFUSED)('is refused: %s', (address) => {
    expect(findOutboundAddress({ config: { MODE: 'production', PUBLIC_URL } }, address)).toBeUndefined()
  })

  it('there are sixty at least', () => {
    expect(new Set(REFUSED).size).toBeGreaterThanOrEqual(60)
  })

  it('is 422 where the service runs as it is deployed, and nothing is stored or called', async () => {
    const called: string[] = []
    const app = createTestApp({
      env: { MODE: 'production', PUBLIC_URL },
      override: (ctx) => ({
        ...ctx,
        fetch: (async (url: string) => {
          called.push(url)
          return new Response()
        }) as unknown as typeof fetch,
      }),
    })
    const team = await createTeam(app)
    for (const url of REFUSED) {
      const { status, body } = await team.owner.call('POST', WEBHOOKS, { ...NEW, url, organization_id: team.id })
      expect([status, body.code], url).toEqual([422, 'VALIDATION_ERROR'])
    }
    expect((await team.owner.call('GET', `${WEBHOOKS}?organization_id=${team.id}`)).body.total).toBe(0)
    expect(called).toEqual([])
  })
})

describe('an address that was good once', () => {
  it('is checked again at each call: our own host may have become another', async () => {
    const app = createTestApp()
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id, url: 'https://hooks.example.test/in' })
    await endpoint.inside((object) => {
      const real = object.context
      object.context = () => {
        const ctx = real()
        return { ...ctx, config: { ...ctx.config, PUBLIC_URL: 'https://hooks.example.test' } }
      }
    })
    await endpoint.hand(1)
    await endpoint.run()
    expect(endpoint.receiver.received).toEqual([])
    expect((await endpoint.deliveries())[0]).toMatchObject({ status: 'failed', error: 'address', statusCode: null })
  })

  it('is not followed to where it redirects', async () => {
    const app = createTestApp()
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id })
    endpoint.receiver.answers = [
      () => new Response(null, { status: 307, headers: { location: 'http://169.254.169.254/' } }),
    ]
    await endpoint.hand(1)
    await endpoint.run()
    expect(endpoint.receiver.received).toHaveLength(1)
    expect((await endpoint.deliveries())[0]).toMatchObject({ status: 'failed', statusCode: 307 })
  })
})

it('the runtime calls hosts of our own zone by way of the internet, as it is configured', () => {
  expect(Cloudflare.compatibilityFlags.global_fetch_strictly_public).toBe(true)
})
