import { beforeAll, describe, expect, it } from 'vitest'
import { findDomainOwner } from '../../../src/features/domains/service.ts'
import { eraseOrganizations } from '../../../src/features/organizations/service/ownership.ts'
import { recheckDomains } from '../../../src/features/sso/service/domains.ts'
import { DAY, HOUR, MINUTE } from '../../../src/lib/time.ts'
import { ORGANIZATION_DATA } from '../../../src/user-data.ts'
import { acceptedMails } from '../../support/mail.ts'
import { createTeam, openPerson, type Person, type Team, withStaleFactor } from '../../support/organizations.ts'
import { appWithNet, eventsOf, giveDomain, NOTHING, newDomain, rowsOf, run, setDns, txt } from './support.ts'

const { app, net, clock } = appWithNet()

const claim = async (team: Team, domain: string, by: Person = team.owner) =>
  by.call('POST', `${team.path}/domains`, { domain })

const verify = (team: Team, domain: string, by: Person = team.owner, body: object = {}) =>
  by.call('POST', `${team.path}/domains/${domain}/verify`, body)

/** A domain that a team has claimed, with its record. */
async function claimed(domain = newDomain()) {
  const team = await createTeam(app)
  const { status, body } = await claim(team, domain)
  expect(status).toBe(201)
  return { team, domain, record: body.record as { name: string; value: string } }
}

const platformAdmin = () => openPerson(app, { role: 'admin' })

let shared: Team
beforeAll(async () => {
  shared = await createTeam(app)
})

describe('a claim', () => {
  it('is answered with the record that proves it: 256 bits, another for each claim', async () => {
    const { team, domain, record } = await claimed()
    expect(record).toEqual({
      name: `_postern-challenge.${domain}`,
      type: 'TXT',
      value: expect.stringMatching(/^[\w-]{43}$/),
    })
    const again = await createTeam(app)
    expect((await claim(again, domain)).body.record.value).not.toBe(record.value)
    const { body } = await team.owner.call('GET', `${team.path}/domains`)
    expect(body).toMatchObject([{ domain, status: 'pending', verified_at: null, record }])
    expect(await findDomainOwner(await app.ctx(), domain)).toBeUndefined()
  })

  it.each([
    ['BÜCHER-x7.Example', 'xn--bcher-x7-65a.example'],
    ['ＷＩＤＥ-x7.example', 'wide-x7.example'],
  ])('of %s is of its form in ASCII and lower case', async (given, domain) => {
    const team = await createTeam(app)
    const { status, body } = await claim(team, given)
    expect([status, body.domain]).toEqual([201, domain])
  })

  it.each([
    '',
    'localhost',
    'example..com',
    'example.com.',
    '127.0.0.1',
    '0x7f.1',
    'exa mple.com',
    'example.com/path',
    'user@example.com',
    'https://example.com',
    '*.example.com',
    '-a.example.com',
    'a_b.example.com',
    `${'a.'.repeat(118)}example.com`,
  ])('of %j is 422', async (domain) => {
    expect((await claim(shared, domain)).status).toBe(422)
  })

  it('of a public mail domain is refused, but to an admin of the platform', async () => {
    const team = await createTeam(app)
    const refused = await claim(team, 'GMail.com')
    expect([refused.status, refused.body.error.code]).toEqual([422, 'PUBLIC_MAIL_DOMAIN'])
    expect((await claim(team, 'gmail.com', await platformAdmin())).status).toBe(201)
  })

  it('is made once: a repeat is 409, and of twenty at once one is made', async () => {
    const team = await createTeam(app)
    const domain = newDomain()
    const all = await Promise.all(Array.from({ length: 5 }, () => claim(team, domain)))
    expect(all.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409])
  })

  it('is one of twenty that wait, also when they are made at once', async () => {
    const team = await createTeam(app)
    const all = await Promise.all(Array.from({ length: 22 }, () => claim(team, newDomain())))
    expect(all.filter(({ status }) => status === 201)).toHaveLength(20)
    const refused = all.filter(({ status }) => status !== 201)
    expect(refused.map(({ status, body }) => [status, body.error.code])).toEqual(
      Array.from({ length: 2 }, () => [429, 'LIMIT_REACHED']),
    )
  })
})

describe('verification', () => {
  it('needs the record at both resolvers; then owners are mailed, and the domain is theirs', async () => {
    const { team, domain, record } = await claimed()
    const other = await team.join('owner')
    setDns(net, txt(record.name, 'v=spf1 -all', record.value))
    net.asked.length = 0
    const { status, body } = await verify(team, domain)
    expect([status, body.status, body.is_vouched]).toEqual([200, 'verified', false])
    expect(net.asked.map(({ url }) => `${url.origin}${url.pathname}`).toSorted()).toEqual([
      'https://cloudflare-dns.com/dns-query',
      'https://dns.google/resolve',
    ])
    for (const { url, init } of net.asked) {
      expect(Object.fromEntries(url.searchParams)).toEqual({ name: record.name, type: 'TXT' })
      expect(new Headers(init?.headers).get('accept')).toBe('application/dns-json')
      expect(init?.redirect).toBe('manual')
    }
    expect(await eventsOf(team.id)).toMatchObject([
      { type: 'sso.domain.verified', actor_type: 'user', data: { domain, method: 'dns' } },
    ])
    await app.settled()
    for (const { user } of [team.owner, other]) expect(await acceptedMails(user.email, 'sso_changed')).toHaveLength(1)
    expect(await findDomainOwner(await app.ctx(), domain)).toEqual({
      organizationId: team.id,
      slug: team.slug,
      name: `Team ${team.slug}`,
      required: false,
      allowBreakGlass: true,
    })
    expect((await verify(team, domain)).status).toBe(200)
    expect(await eventsOf(team.id)).toHaveLength(1)
  })

  it('says nothing of subdomains, nor of the domain above', async () => {
    const team = await createTeam(app)
    const domain = await giveDomain(team)
    const ctx = await app.ctx()
    expect(await findDomainOwner(ctx, domain)).toMatchObject({ organizationId: team.id })
    for (const name of [`www.${domain}`, 'test', `x${domain}`, `${domain}.`])
      expect(await findDomainOwner(ctx, name)).toBeUndefined()
  })

  it('takes a record in several strings, and one without quotes', async () => {
    const { team, domain, record } = await claimed()
    const data = `"${record.value.slice(0, 20)}" "${record.value.slice(20)}"`
    const bare = () => Response.json({ Status: 0, Answer: [{ name: record.name, type: 16, data: record.value }] })
    const parts = () => Response.json({ Status: 0, Answer: [{ name: record.name.toUpperCase(), type: 16, data }] })
    setDns(net, parts, bare)
    expect((await verify(team, domain)).status).toBe(200)
  })

  const found = async () => {
    const it = await claimed()
    return { ...it, good: txt(it.record.name, it.record.value) }
  }
  type Found = Awaited<ReturnType<typeof found>>
  type Say = (it: Found) => () => Response | Promise<Response>
  const answer = (body: unknown, init?: ResponseInit) => () => () => Response.json(body, init)

  const UNPROVED: readonly (readonly [string, Say])[] = [
    ['no record', () => NOTHING],
    ['another value', ({ record }) => txt(record.name, 'x'.repeat(43))],
    ['the value in other letters', ({ record }) => txt(record.name, record.value.toUpperCase())],
    ['more than the value', ({ record }) => txt(record.name, `${record.value} `)],
    ['the value at another name', ({ record, domain }) => txt(domain, record.value)],
    ['the value behind an alias', ({ record }) => aliased(record)],
    [
      'a record of another type',
      ({ record }) =>
        () =>
          Response.json({ Status: 0, Answer: [asCname(record)] }),
    ],
  ]
  const asCname = ({ name, value }: { name: string; value: string }) => ({ name, type: 5, data: value })
  const aliased =
    ({ name, value }: { name: string; value: string }) =>
    () =>
      Response.json({
        Status: 0,
        Answer: [
          { name, type: 5, data: 'elsewhere.test.' },
          { name: 'elsewhere.test.', type: 16, data: `"${value}"` },
        ],
      })

  it.each(UNPROVED)('is refused with %s', async (_, say) => {
    const it = await found()
    setDns(net, say(it))
    const { status, body } = await verify(it.team, it.domain)
    expect([status, body.error.code, body.error.details.reason]).toEqual([400, 'DOMAIN_UNPROVED', 'missing'])
    expect(body.error.details.record).toBe(it.record.name)
  })

  it.each([0, 1])('is refused when resolver %i alone has the record', async (index) => {
    const { team, domain, good } = await found()
    setDns(net, ...(index === 0 ? ([good, NOTHING] as const) : ([NOTHING, good] as const)))
    const { status, body } = await verify(team, domain)
    expect([status, body.error.details.reason]).toEqual([400, 'disagreement'])
  })

  const SILENT: readonly (readonly [string, Say])[] = [
    ['does not answer', () => () => Promise.reject(new TypeError('lost'))],
    ['answers HTML', () => () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['answers nothing', () => () => new Response(null, { status: 204 })],
    [
      'answers 500',
      ({ good }) =>
        async () =>
          new Response((await good()).body, { status: 500 }),
    ],
    ['redirects', () => () => new Response(null, { status: 302, headers: { location: 'https://dns.example/' } })],
    ['answers more than it may', ({ record }) => txt(record.name, record.value, 'x'.repeat(70_000))],
    [
      'says SERVFAIL, as for a forged zone',
      ({ record }) =>
        async () =>
          failing(record),
    ],
    [
      'answers a part',
      ({ record }) =>
        () =>
          Response.json({ ...JSON.parse(whole(record)), TC: true }),
    ],
    ['answers another shape', answer({ Status: '0', Answer: 'x' })],
    ['answers null', answer(null)],
  ]
  const whole = ({ name, value }: { name: string; value: string }) =>
    JSON.stringify({ Status: 0, Answer: [{ name, type: 16, data: `"${value}"` }] })
  const failing = (record: { name: string; value: string }) =>
    Response.json({ ...JSON.parse(whole(record)), Status: 2 })

  it.each(SILENT)('is 503 while a resolver %s', async (_, say) => {
    const it = await found()
    setDns(net, it.good, say(it))
    const { status, body } = await verify(it.team, it.domain)
    expect([status, body.error.code]).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect(await findDomainOwner(await app.ctx(), it.domain)).toBeUndefined()
  })

  it('gives a domain to one of two organizations that prove it at once', async () => {
    const [one, other] = await Promise.all([claimed(), createTeam(app)])
    const { body } = await claim(other, one.domain)
    setDns(net, txt(one.record.name, one.record.value, body.record.value))
    const both = await Promise.all([verify(one.team, one.domain), verify(other, one.domain)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    expect(both.find(({ status }) => status === 409)?.body.error.code).toBe('DOMAIN_TAKEN')
    const owned = await rowsOf('select 1 from organization_domains where domain = ? and verified_at > 0', one.domain)
    expect(owned).toHaveLength(1)
    const third = await claim(await createTeam(app), one.domain)
    expect([third.status, third.body.error.code]).toEqual([409, 'DOMAIN_TAKEN'])
  })

  it('by five calls at once is one event', async () => {
    const { team, domain, record } = await claimed()
    setDns(net, txt(record.name, record.value))
    const all = await Promise.all(Array.from({ length: 5 }, () => verify(team, domain)))
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(await eventsOf(team.id)).toHaveLength(1)
  })

  it("does not take another organization's claim", async () => {
    const { team, domain, record } = await claimed()
    setDns(net, txt(record.name, record.value))
    const other = await createTeam(app)
    expect((await verify(other, domain)).body.error.code).toBe('DOMAIN_NOT_FOUND')
    await claim(other, domain)
    expect((await verify(other, domain)).body.error.code).toBe('DOMAIN_UNPROVED')
    expect((await verify(team, domain, other.owner)).status).toBe(403)
  })

  it('by the word of an admin of the platform reads no record, and is theirs alone to give', async () => {
    const { team, domain } = await claimed()
    setDns(net, NOTHING)
    const refused = await verify(team, domain, team.owner, { vouch: true })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    const admin = await platformAdmin()
    expect((await verify(team, domain, admin)).status).toBe(400)
    net.asked.length = 0
    const { body } = await verify(team, domain, admin, { vouch: true })
    expect([body.status, body.is_vouched, net.asked.length]).toEqual(['verified', true, 0])
    expect(await eventsOf(team.id)).toMatchObject([{ data: { domain, method: 'vouched' } }])
    expect(await rowsOf('select check_at from organization_domains where domain = ?', domain)).toEqual([
      { check_at: null },
    ])
  })
})

describe('who may', () => {
  it('claim, verify and remove is an owner with a fresh factor; admins may look', async () => {
    const { team, domain } = await claimed()
    const admin = await team.join('admin')
    expect((await admin.call('GET', `${team.path}/domains`)).status).toBe(200)
    for (const rank of ['admin', 'member'] as const) {
      const person = rank === 'admin' ? admin : await team.join(rank)
      expect((await claim(team, newDomain(), person)).status).toBe(403)
      expect((await verify(team, domain, person)).status).toBe(403)
      expect((await person.call('DELETE', `${team.path}/domains/${domain}`)).status).toBe(403)
    }
    expect((await (await team.join('member')).call('GET', `${team.path}/domains`)).status).toBe(403)
    const stale = await withStaleFactor(team.owner)
    const asked = [
      await claim(team, newDomain(), stale),
      await verify(team, domain, stale),
      await stale.call('DELETE', `${team.path}/domains/${domain}`),
    ]
    for (const { status, body } of asked) expect([status, body.error.code]).toEqual([403, 'STEP_UP_REQUIRED'])
  })
})

describe('removal', () => {
  const remove = (team: Team, domain: string) => team.owner.call('DELETE', `${team.path}/domains/${domain}`)

  it('of a verified domain is an event and a mail, and frees it for others', async () => {
    const team = await createTeam(app)
    const domain = await giveDomain(team)
    expect((await remove(team, domain)).status).toBe(200)
    expect(await eventsOf(team.id)).toMatchObject([{ type: 'sso.domain.lost', data: { domain, reason: 'removed' } }])
    await app.settled()
    expect(await acceptedMails(team.owner.user.email, 'sso_changed')).toHaveLength(1)
    expect((await claim(await createTeam(app), domain)).status).toBe(201)
    expect((await remove(team, domain)).body.error.code).toBe('DOMAIN_NOT_FOUND')
  })

  it('gives up where others come before it each time', async () => {
    const team = await createTeam(app)
    const domain = await giveDomain(team)
    await run(
      `create trigger no_removal before delete on organization_domains when old.domain = '${domain}' begin select raise(ignore); end`,
    )
    try {
      const { status, body } = await remove(team, domain)
      expect([status, body.error.code]).toEqual([409, 'CONFLICT'])
    } finally {
      await run('drop trigger no_removal')
    }
    expect(await eventsOf(team.id)).toEqual([])
    expect((await remove(team, domain)).status).toBe(200)
  })

  it('of a claim is no event', async () => {
    const { team, domain } = await claimed()
    expect((await remove(team, domain)).status).toBe(200)
    expect(await eventsOf(team.id)).toEqual([])
  })

  it('of an organization takes its domains along', async () => {
    const team = await createTeam(app)
    const domain = await giveDomain(team)
    expect((await team.owner.call('DELETE', team.path)).status).toBe(200)
    expect(await findDomainOwner(await app.ctx(), domain)).toBeUndefined()
    await eraseOrganizations(await app.ctx(), ORGANIZATION_DATA)
    expect(await rowsOf('select * from organization_domains where domain = ?', domain)).toEqual([])
  })
})

describe('cron', () => {
  const rowOf = async (domain: string) => {
    const [row] = await rowsOf('select * from organization_domains where domain = ?', domain)
    return row as { verified_at: number | null; check_at: number | null; missing_since: number | null }
  }
  const mailsTo = async ({ owner }: Team) => (await acceptedMails(owner.user.email, 'sso_changed')).length
  const recheck = async (at: number) => {
    clock.ahead = at - Date.now()
    try {
      await recheckDomains(await app.ctx())
      await app.settled()
    } finally {
      clock.ahead = 0
    }
  }
  const due = async () => {
    // Others of this file would be asked too.
    await run('update organization_domains set check_at = null where check_at is not null')
    const team = await createTeam(app)
    const domain = await giveDomain(team, newDomain(), 1)
    return { team, domain, good: txt(`_postern-challenge.${domain}`, `challenge-of-${domain}`) }
  }

  it('reads the record of a verified domain again after a week', async () => {
    const { domain, good } = await due()
    setDns(net, good)
    const at = Date.now()
    await recheck(at)
    const { check_at, verified_at, missing_since } = await rowOf(domain)
    expect([verified_at, missing_since]).toEqual([1, null])
    expect(Math.abs((check_at ?? 0) - (at + 7 * DAY))).toBeLessThan(MINUTE)
    net.asked.length = 0
    await recheck(at + 6 * DAY)
    expect(net.asked).toHaveLength(0)
    await recheck(at + 7 * DAY + MINUTE)
    expect(net.asked).toHaveLength(2)
  })

  it('mails owners on the first day without the record, and takes the domain after seven', async () => {
    const { team, domain } = await due()
    setDns(net, NOTHING)
    const at = Date.now()
    await recheck(at)
    expect([(await rowOf(domain)).verified_at, await mailsTo(team)]).toEqual([1, 1])
    for (const day of [1, 2, 3, 4, 5, 6]) await recheck(at + day * (DAY + MINUTE))
    expect([(await rowOf(domain)).verified_at, await mailsTo(team)]).toEqual([1, 1])
    await recheck(at + 7 * DAY + HOUR)
    expect(await rowOf(domain)).toMatchObject({ verified_at: null, check_at: null, missing_since: null })
    expect(await mailsTo(team)).toBe(2)
    expect(await eventsOf(team.id)).toMatchObject([
      { type: 'sso.domain.lost', actor_type: 'system', data: { domain, reason: 'record_missing' } },
    ])
  })

  it('forgets that a record was missing once it is back', async () => {
    const { team, domain, good } = await due()
    const at = Date.now()
    setDns(net, NOTHING)
    await recheck(at)
    setDns(net, good)
    await recheck(at + 2 * DAY)
    expect((await rowOf(domain)).missing_since).toBeNull()
    setDns(net, NOTHING)
    await recheck(at + 10 * DAY)
    expect([(await rowOf(domain)).verified_at, await mailsTo(team)]).toEqual([1, 2])
  })

  it('changes nothing while a resolver is silent or says another thing, however long', async () => {
    const { team, domain, good } = await due()
    const at = Date.now()
    setDns(net, NOTHING)
    await recheck(at)
    net.answers.delete('dns.google')
    await recheck(at + 30 * DAY)
    setDns(net, good, NOTHING)
    await recheck(at + 31 * DAY)
    expect((await rowOf(domain)).verified_at).toBe(1)
    expect(await eventsOf(team.id)).toEqual([])
  })

  it('goes on past a domain that fails', async () => {
    const { team, domain: fails } = await due()
    const domain = await giveDomain(team, newDomain(), 2)
    setDns(net, NOTHING)
    await run(
      `create trigger fails before update on organization_domains when new.domain = '${fails}' begin select raise(abort, 'down'); end`,
    )
    try {
      await recheck(Date.now())
    } finally {
      await run('drop trigger fails')
    }
    expect([(await rowOf(fails)).missing_since, (await rowOf(domain)).missing_since]).toEqual([
      null,
      expect.any(Number),
    ])
  })

  it('of two runs at once mails once', async () => {
    const { team } = await due()
    setDns(net, NOTHING)
    const ctx = await app.ctx()
    await Promise.all([recheckDomains(ctx), recheckDomains(ctx), recheckDomains(ctx)])
    await app.settled()
    expect(await mailsTo(team)).toBe(1)
  })
})
