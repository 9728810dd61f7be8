import { describe, expect, it } from 'vitest'
import { createTeam, type Team } from '../../support/organizations.ts'
import { requireSso } from './sign-in-support.ts'
import { appWithNet, configure, giveDomain, newDomain, rowsOf, run, setOpenedBySso } from './support.ts'

// While single sign-on is required, nobody may take the last domain away through which people can come.

const { app, net } = appWithNet()

const REQUIRED = [409, 'SSO_CONFIGURATION_REQUIRED']
const codeOf = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [status, body.error?.code]

/** An organization with this many verified domains that requires single sign-on. */
async function requiring(count: number) {
  const team = await createTeam(app)
  const { id } = await configure(team, net)
  const domains: string[] = []
  for (let at = 0; at < count; at += 1) domains.push(await giveDomain(team))
  await setOpenedBySso(team, team.owner)
  await requireSso({ team })
  const change = (allowed_domains: readonly string[]) =>
    team.owner.call('PUT', `/api/v1/sso/configurations/${id}`, { allowed_domains })
  return { team, id, domains, change, remove: (domain = '') => removeFrom(team, domain) }
}

const removeFrom = (team: Team, domain: string) => team.owner.call('DELETE', `${team.path}/domains/${domain}`)

const usableOf = async ({ id: organizationId }: Team): Promise<unknown[]> =>
  rowsOf(
    `select domain from organization_domains as d join sso_connections as c on c.organization_id = d.organization_id
      where d.organization_id = ? and d.verified_at is not null
        and (c.allowed_domains = '[]' or d.domain in (select value from json_each(c.allowed_domains)))`,
    organizationId,
  )

describe('the removal of a domain', () => {
  it('leaves the last one, until single sign-on is not required any more', async () => {
    const { team, domains, remove } = await requiring(2)
    expect((await remove(domains[0])).status).toBe(200)
    expect(codeOf(await remove(domains[1]))).toEqual(REQUIRED)
    expect(await usableOf(team)).toEqual([{ domain: domains[1] }])
    await run('update sso_policies set required = 0 where organization_id = ?', team.id)
    expect((await remove(domains[1])).status).toBe(200)
  })

  it('leaves the last one of those that the configuration allows, and takes others and claims', async () => {
    const { team, domains, change, remove } = await requiring(2)
    const [allowed = '', other] = domains
    expect((await change([allowed])).status).toBe(200)
    const claim = newDomain()
    expect((await team.owner.call('POST', `${team.path}/domains`, { domain: claim })).status).toBe(201)
    expect(codeOf(await remove(allowed))).toEqual(REQUIRED)
    expect((await remove(other)).status).toBe(200)
    expect((await remove(claim)).status).toBe(200)
    expect(codeOf(await remove(allowed))).toEqual(REQUIRED)
  })

  it('of the last two at once leaves one', async () => {
    const { team, domains, remove } = await requiring(2)
    const both = await Promise.all(domains.map(remove))
    expect(both.map(codeOf).toSorted()).toEqual([[200, undefined], REQUIRED])
    expect(await usableOf(team)).toHaveLength(1)
  })
})

describe('a change of the domains that the configuration allows', () => {
  it('leaves a verified one', async () => {
    const { team, domains, change } = await requiring(1)
    const [domain = ''] = domains
    await run(
      "insert into organization_domains (organization_id, domain, challenge, created_at) values (?, ?, 'x', 1)",
      team.id,
      `pending-${domain}`,
    )
    for (const allowed of [[newDomain()], [`pending-${domain}`]])
      expect(codeOf(await change(allowed))).toEqual(REQUIRED)
    for (const allowed of [[domain, newDomain()], [], [domain]]) expect((await change(allowed)).status).toBe(200)
    await run('update sso_policies set required = 0 where organization_id = ?', team.id)
    expect((await change([newDomain()])).status).toBe(200)
  })

  it('races the removal of what it leaves: one of them is refused', async () => {
    const { team, domains, change, remove } = await requiring(2)
    const [domain = ''] = domains
    const both = await Promise.all([change([domain]), remove(domain)])
    expect(both.map(codeOf).toSorted()).toEqual([[200, undefined], REQUIRED])
    expect(await usableOf(team)).toHaveLength(1)
  })
})

it('single sign-on is not required where the configuration allows none of the verified domains', async () => {
  const { team, id, change } = await requiring(1)
  await run('delete from sso_policies where organization_id = ?', team.id)
  await run('update sso_connections set owner_signed_in_at = 1 where id = ?', id)
  expect((await change([newDomain()])).status).toBe(200)
  const policy = (required: boolean) => team.owner.call('PUT', `${team.path}/sso-policy`, { required })
  expect(codeOf(await policy(true))).toEqual([409, 'SSO_UNPROVED'])
  expect((await change([])).status).toBe(200)
  expect((await policy(true)).status).toBe(200)
})
