import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/features/policies/rules/limits.ts'
import { DRAFT_ID } from '../../../src/features/policies/service/evaluation.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { watchDatabase } from '../../support/database.ts'
import { createTeam, openPerson, type Person } from '../../support/organizations.ts'
import { insertRole } from '../rbac/support.ts'
import { type Caller, callWith, evaluate, makePolicy, openMachine, POLICIES, READ } from './api-support.ts'

const app = createTestApp()
const machine = openMachine(app, ['policies:evaluate'])
const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code]
const on = (person: Person, other: typeof app) => callWith({ ...person, app: other } as Person, {})

const assign = (roleId: string, userId: string, scope: string) =>
  env.DB.prepare('insert into role_assignments values (?, ?, ?, ?, 0)').bind(roleId, userId, scope, 'x').run()

const setAttributes = (userId: string, attributes: object) =>
  env.DB.prepare('update users set app_metadata = ? where id = ?').bind(JSON.stringify(attributes), userId).run()

describe('an evaluation', () => {
  it('is of all policies of an organization with the platform-wide ones, the highest priority first', async () => {
    const team = await createTeam(app)
    const admin = await openPerson(app, { role: 'admin' })
    const resource_type = newUuid()
    const allow = await makePolicy(team.owner, team.id, { resource_type, priority: 1 })
    const wide = await makePolicy(admin, null, { resource_type, priority: 5 })
    const ask = () => evaluate(team.owner, team.id, { resource_type, explain: false })
    expect(await ask()).toEqual({
      allowed: true,
      matched_policies: [wide.id, allow.id],
      denied_by: null,
      reason: null,
      explanation: null,
      metadata: {
        evaluation_time_ms: expect.any(Number),
        organization_id: team.id,
        policies_considered: expect.any(Number),
      },
    })
    await admin.call('PATCH', `${POLICIES}/${wide.id}`, { effect: 'deny', priority: 0 })
    expect(await ask()).toMatchObject({
      allowed: false,
      matched_policies: [allow.id, wide.id],
      denied_by: wide.id,
      reason: 'denied_by_policy',
    })
    // Alone, the platform-wide ones.
    expect(await evaluate(admin, null, { resource_type })).toMatchObject({
      matched_policies: [wide.id],
      metadata: { organization_id: null },
    })
    expect((await admin.call('DELETE', `${POLICIES}/${wide.id}`)).status).toBe(200)
    expect(await ask()).toMatchObject({ allowed: true, matched_policies: [allow.id] })
    await team.owner.call('PATCH', `${POLICIES}/${allow.id}`, { enabled: false })
    expect(await ask()).toMatchObject({ allowed: false, reason: 'no_matching_policy', denied_by: null })
  })

  it('is of one policy alone, at both paths', async () => {
    const team = await createTeam(app)
    const one = await makePolicy(team.owner, team.id)
    await makePolicy(team.owner, team.id, { effect: 'deny' })
    for (const path of [POLICIES, '/api/policies'])
      expect((await team.owner.call('POST', `${path}/${one.id}/evaluate`, READ)).body).toMatchObject({
        allowed: true,
        matched_policies: [one.id],
        metadata: { policies_considered: 1, organization_id: team.id },
      })
    expect((await team.owner.call('POST', '/api/policies/evaluate', READ)).body.allowed).toBe(false)
  })

  it('ends when it takes too many steps', async () => {
    const team = await createTeam(app)
    const values = Array.from({ length: LIMITS.valuesOfACondition }, (_, index) => `*a${index}b*`)
    for (let count = 0; count < 8; count += 1)
      await makePolicy(team.owner, team.id, { conditions: { StringLike: { 'context.text': values } } })
    const context = { text: 'a'.repeat(15_000) }
    expect(await evaluate(team.owner, team.id, { context })).toMatchObject({
      allowed: false,
      reason: 'evaluation_limit',
    })
  })

  it('counts a change at once, in another isolate that has kept the policies, too', async () => {
    const team = await createTeam(app)
    const other = on(team.owner, createTestApp())
    const made = await makePolicy(team.owner, team.id)
    const change = (fields: object) => team.owner.call('PATCH', `${POLICIES}/${made.id}`, fields)
    expect((await evaluate(other, team.id)).allowed).toBe(true)
    await change({ effect: 'deny' })
    expect(await evaluate(other, team.id)).toMatchObject({ allowed: false, denied_by: made.id })
    await change({ effect: 'allow', expires_at: '2000-01-01T00:00:00Z' })
    expect((await evaluate(other, team.id)).allowed).toBe(false)
    await change({ expires_at: null })
    expect((await evaluate(other, team.id)).allowed).toBe(true)
    expect((await team.owner.call('DELETE', `${POLICIES}/${made.id}`)).status).toBe(200)
    expect(await evaluate(other, team.id)).toMatchObject({ allowed: false, matched_policies: [] })
  })

  it('asks the database once for the subject and the versions, and for policies that it has kept not again', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    await makePolicy(team.owner, team.id)
    const database = watchDatabase()
    const watched = createTestApp({ env: { DB: database.binding } })
    const caller = await openMachine(watched, ['policies:evaluate'])
    expect((await evaluate(caller, team.id, { subject_id: member.id })).allowed).toBe(true)
    database.asked.length = 0
    expect((await evaluate(caller, team.id, { subject_id: member.id })).allowed).toBe(true)
    expect(database.asked).toHaveLength(1)
  })
})

describe('who asks', () => {
  it('is a member for themselves alone, and sees no explanation', async () => {
    const team = await createTeam(app)
    const [ada, bob] = await Promise.all([team.join('member'), team.join('member')])
    const made = await makePolicy(team.owner, team.id)
    const paths = [`${POLICIES}/evaluate`, `${POLICIES}/${made.id}/evaluate`]
    for (const path of paths) {
      const ask = (question: object) => ada.call('POST', path, { ...READ, organization_id: team.id, ...question })
      const own = await ask({ explain: true })
      expect([own.body.allowed, own.body.explanation]).toEqual([true, null])
      expect((await ask({ subject_id: ada.id.toUpperCase() })).body.allowed).toBe(true)
      for (const foreign of [
        { subject_id: bob.id },
        { subject_id: newUuid() },
        { subject_type: 'role', subject_id: 'member' },
        { draft: { name: 'x' } },
      ])
        expect(codeOf(await ask(foreign))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    }
  })

  it('is an admin for anybody, who sees what kept each policy from applying', async () => {
    const team = await createTeam(app)
    const [admin, ada] = await Promise.all([team.join('admin'), team.join('member')])
    const made = await makePolicy(team.owner, team.id, { conditions: { Bool: { 'context.remote': false } } })
    const ask = (question: object) => evaluate(admin, team.id, { subject_id: ada.id, ...question })
    expect((await ask({})).explanation).toContainEqual({
      policy_id: made.id,
      effect: 'allow',
      applies: false,
      failed: { at: 'conditions.Bool.context.remote', reason: 'missing' },
    })
    expect(await ask({ context: { remote: false } })).toMatchObject({ allowed: true })
    expect((await ask({ context: { remote: 'no' } })).explanation).toContainEqual(
      expect.objectContaining({ failed: { at: 'conditions.Bool.context.remote', reason: 'wrong_type' } }),
    )
    expect((await ask({ explain: false })).explanation).toBeNull()
  })

  it('is an admin of an organization, to whom platform-wide policies tell only whether they apply', async () => {
    const team = await createTeam(app)
    const [admin, ada] = [await openPerson(app, { role: 'admin' }), await team.join('member')]
    const resource_type = newUuid()
    const secret = { 'subject.attributes.case_number': '17' }
    const wide = await makePolicy(admin, null, { resource_type, effect: 'deny', conditions: { StringEquals: secret } })
    const own = await makePolicy(team.owner, team.id, { resource_type: 'else' })
    const question = { ...READ, resource_type, subject_id: ada.id, organization_id: team.id }
    const all = { path: `${POLICIES}/evaluate`, question }
    const drafted = { path: all.path, question: { ...question, draft: { name: 'x', resource_type } } }
    const one = { path: `${POLICIES}/${wide.id}/evaluate`, question }
    for (const { path, question: asked } of [all, drafted, one]) {
      const { body } = await team.owner.call('POST', path, asked)
      expect(JSON.stringify(body)).not.toContain('case_number')
      expect(body.explanation).toContainEqual({ policy_id: null, effect: 'deny', applies: false, failed: null })
      expect(JSON.stringify(body)).not.toContain(wide.id)
    }
    // Those of the organization, and a draft, are explained.
    const { explanation } = (await team.owner.call('POST', drafted.path, drafted.question)).body
    expect(explanation.filter(({ policy_id }: { policy_id: string | null }) => policy_id !== null)).toMatchObject([
      { policy_id: own.id, failed: { at: 'resource_type' } },
      { applies: true },
    ])
    for (const caller of [admin, await machine]) {
      const { body } = await caller.call('POST', all.path, { ...question, explain: true })
      expect(body.explanation).toContainEqual(
        expect.objectContaining({ policy_id: wide.id, failed: expect.objectContaining({ reason: 'missing' }) }),
      )
    }
  })

  it('is an admin of an organization, who reads no attributes of others: neither by a draft nor by a saved policy', async () => {
    const team = await createTeam(app)
    const [admin, ada] = [await openPerson(app, { role: 'admin' }), await team.join('member')]
    await setAttributes(ada.id, { salary: 'seven', level: 7 })
    await setAttributes(team.owner.id, { salary: 'eight' })
    const conditions = [
      { StringLike: { 'subject.attributes.salary': '*' } },
      { NumericGreaterThan: { 'subject.attributes.level': 0 } },
      { Null: { 'subject.attributes.salary': false } },
      { 'ForAnyValue:StringLike': { 'subject.attributes.salary': ['s*'] } },
    ]
    const allowed = async (caller: Caller, question: object) => (await evaluate(caller, team.id, question)).allowed
    for (const condition of conditions) {
      const draft = { name: 'x', resource_type: 'document', conditions: condition }
      expect([condition, await allowed(team.owner, { subject_id: ada.id, draft })]).toEqual([condition, false])
      const [shown] = (await evaluate(team.owner, team.id, { subject_id: ada.id, draft })).explanation.filter(
        ({ policy_id }: { policy_id: string | null }) => policy_id === DRAFT_ID,
      )
      expect(shown.failed.reason).toBe(condition.Null ? 'not_met' : 'missing')
      expect(await allowed(admin, { subject_id: ada.id, draft })).toBe(true)
    }
    // A deny policy about them holds as it does where they are missing.
    const deny = {
      name: 'x',
      effect: 'deny',
      conditions: { StringNotEquals: { 'subject.attributes.salary': 'seven' } },
    }
    expect(await evaluate(team.owner, team.id, { subject_id: ada.id, draft: deny })).toMatchObject({
      reason: 'denied_by_policy',
    })
    await makePolicy(team.owner, team.id, { conditions: conditions[0] })
    expect(await allowed(team.owner, { subject_id: ada.id })).toBe(false)
    // What is enforced sees them: machines, and people for themselves.
    expect(await allowed(await machine, { subject_id: ada.id })).toBe(true)
    expect(await allowed(ada, {})).toBe(true)
    expect(await allowed(team.owner, { subject_id: team.owner.id })).toBe(true)
  })

  it('is nobody from another organization', async () => {
    const [team, other] = await Promise.all([createTeam(app), createTeam(app)])
    const made = await makePolicy(team.owner, team.id)
    const own = await makePolicy(other.owner, other.id)
    const ask = (path: string, question: object = {}) => other.owner.call('POST', path, { ...READ, ...question })
    expect(codeOf(await ask(`${POLICIES}/evaluate`, { organization_id: team.id }))).toEqual([403, 'NOT_A_MEMBER'])
    for (const question of [{}, { organization_id: team.id }, { organization_id: other.id }])
      expect(codeOf(await ask(`${POLICIES}/${made.id}/evaluate`, question))).toEqual([404, 'POLICY_NOT_FOUND'])
    expect(codeOf(await ask(`${POLICIES}/${own.id}/evaluate`, { organization_id: team.id }))).toEqual([
      404,
      'POLICY_NOT_FOUND',
    ])
    // An admin of an organization is nobody platform-wide.
    const stranger = await openPerson(app)
    expect(
      codeOf(await stranger.call('POST', `${POLICIES}/evaluate`, { ...READ, subject_id: other.owner.id })),
    ).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
  })

  it('is a machine with the scope, for anybody and without a draft', async () => {
    const team = await createTeam(app)
    const ada = await team.join('viewer')
    const made = await makePolicy(team.owner, team.id)
    const caller = await machine
    expect(await evaluate(caller, team.id, { subject_id: ada.id })).toMatchObject({ allowed: true, explanation: null })
    expect((await evaluate(caller, team.id, { subject_id: ada.id, explain: true })).explanation).toContainEqual({
      policy_id: made.id,
      effect: 'allow',
      applies: true,
      failed: null,
    })
    const one = await caller.call('POST', `${POLICIES}/${made.id}/evaluate`, { ...READ, subject_id: ada.id })
    expect(one.body.allowed).toBe(true)
    const ask = (body: object) =>
      caller.call('POST', `${POLICIES}/evaluate`, { ...READ, organization_id: team.id, ...body })
    expect(codeOf(await ask({}))).toEqual([422, 'VALIDATION_ERROR'])
    expect(codeOf(await ask({ subject_id: ada.id, draft: {} }))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect(codeOf(await ask({ subject_id: ada.id, organization_id: newUuid() }))).toEqual([
      404,
      'ORGANIZATION_NOT_FOUND',
    ])
    const without = await openMachine(app, ['rbac:check'])
    expect(codeOf(await without.call('POST', `${POLICIES}/evaluate`, { ...READ, subject_id: ada.id }))).toEqual([
      403,
      'INSUFFICIENT_PERMISSIONS',
    ])
    expect((await team.owner.call('DELETE', team.path)).status).toBe(200)
    expect(codeOf(await ask({ subject_id: ada.id }))).toEqual([404, 'ORGANIZATION_NOT_FOUND'])
    const gone = await caller.call('POST', `${POLICIES}/${made.id}/evaluate`, { ...READ, subject_id: ada.id })
    expect(codeOf(gone)).toEqual([404, 'POLICY_NOT_FOUND'])
  })
})

describe('a draft', () => {
  it('is asked with the policies that are saved, or in place of one, and is not saved', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const made = await makePolicy(team.owner, team.id)
    const draft = { name: 'Nobody', effect: 'deny', conditions: { NotIpAddress: { 'environment.ip': '10.0.0.0/8' } } }
    const all = await evaluate(admin, team.id, { draft })
    const draftId = '00000000-0000-4000-8000-000000000000'
    expect(all).toMatchObject({ allowed: false, denied_by: draftId })
    expect(all.matched_policies).toEqual([draftId, made.id])
    const one = await admin.call('POST', `${POLICIES}/${made.id}/evaluate`, { ...READ, draft })
    expect(one.body).toMatchObject({ allowed: false, matched_policies: [made.id], denied_by: made.id })
    expect(await evaluate(admin, team.id)).toMatchObject({ allowed: true, matched_policies: [made.id] })
  })

  it('is 422 with paths below it where it is wrong', async () => {
    const { owner, id } = await createTeam(app)
    const ask = (draft: object) => owner.call('POST', `${POLICIES}/evaluate`, { ...READ, organization_id: id, draft })
    const fieldOf = async (draft: object) => (await ask(draft)).body.details.validation_errors[0].field
    expect(await fieldOf({ conditions: { X: {} } })).toBe('body.draft.conditions.X')
    expect(await fieldOf({ priority: 'high' })).toBe('body.draft.priority')
  })
})

describe('the subject', () => {
  it('is refused as if no policy applied when it may not sign in, is not in the organization, or does not exist', async () => {
    const team = await createTeam(app)
    const [suspended, deleted, removed, stranger] = await Promise.all([
      team.join('member'),
      team.join('member'),
      team.join('member'),
      openPerson(app),
    ])
    await makePolicy(team.owner, team.id)
    const ctx = await app.ctx()
    const actor = { type: 'system', id: 'test' } as const
    await changeUserState(ctx, { userId: suspended.id, change: 'suspend', actor })
    await changeUserState(ctx, { userId: deleted.id, change: 'delete', actor })
    await team.owner.call('DELETE', `${team.path}/members/${removed.id}`)
    const pending = await openPerson(app)
    await team.owner.call('POST', `${team.path}/members`, { user_id: pending.id, role: 'member' })
    const ids = [suspended, deleted, removed, stranger, pending].map(({ id }) => id)
    const [first, ...others] = await Promise.all(
      [newUuid(), ...ids].map((subject_id) => evaluate(team.owner, team.id, { subject_id })),
    )
    expect(first).toMatchObject({ allowed: false, matched_policies: [], denied_by: null, reason: 'no_matching_policy' })
    const withoutTime = ({ metadata, ...rest }: { metadata: object }) => ({
      ...rest,
      metadata: { ...metadata, evaluation_time_ms: 0 },
    })
    for (const other of others) expect(withoutTime(other)).toEqual(withoutTime(first))
  })

  it('is what the database says: roles, address, status, and what admins wrote about it', async () => {
    const team = await createTeam(app)
    const ada = await team.join('member')
    const editor = await insertRole(app, { scope: team.id, key: 'editor', permissions: [] })
    await assign(editor, ada.id, team.id)
    await setAttributes(ada.id, { clearance: 3, ['__proto__']: { clearance: 9 } })
    const applies = async (fields: object, context: object = {}) => {
      const [made] = [await makePolicy(team.owner, team.id, fields)]
      const { body } = await ada.call('POST', `${POLICIES}/${made.id}/evaluate`, { ...READ, context })
      return body.allowed
    }
    for (const holds of [
      { target_type: 'role', target_id: 'editor' },
      { target_type: 'role', target_id: 'member' },
      { target_type: 'user', target_id: ada.id },
      { target_type: 'organization', target_id: team.id },
      { conditions: { StringEquals: { 'subject.email': ada.user.email, 'subject.status': 'active' } } },
      { conditions: { NumericEquals: { 'subject.attributes.clearance': 3 } } },
      { conditions: { 'ForAllValues:StringEquals': { 'subject.roles': ['editor', 'member'] } } },
      { conditions: { StringEquals: { 'resource.id': 'doc-17' } } },
    ])
      expect([holds, await applies(holds)]).toEqual([holds, true])
    // The caller's context shadows nothing.
    const context = { subject: { attributes: { clearance: 5 }, roles: ['admin'] }, environment: { acr: 'aal2' } }
    for (const fails of [
      { target_type: 'role', target_id: 'admin' },
      { target_type: 'organization', target_id: newUuid() },
      { conditions: { NumericGreaterThan: { 'subject.attributes.clearance': 3 } } },
      { conditions: { mfa_required: true } },
    ])
      expect([fails, await applies(fails, context)]).toEqual([fails, false])
  })

  it('counts by a change of its roles and rights at once', async () => {
    const team = await createTeam(app)
    const ada = await team.join('member')
    await makePolicy(team.owner, team.id, { target_type: 'role', target_id: 'admin' })
    const caller = await machine
    const allowed = async () => (await evaluate(caller, team.id, { subject_id: ada.id })).allowed
    const become = (role: string) => team.owner.call('PUT', `${team.path}/members/${ada.id}/role`, { role })
    expect(await allowed()).toBe(false)
    await become('admin')
    expect(await allowed()).toBe(true)
    await become('viewer')
    expect(await allowed()).toBe(false)
  })

  it('may be a role', async () => {
    const team = await createTeam(app)
    await insertRole(app, { scope: team.id, key: 'editor', permissions: [] })
    for (const target_id of ['editor', 'viewer', 'nobody-has-it'])
      await makePolicy(team.owner, team.id, { target_type: 'role', target_id })
    const ask = (subject_id: string) => evaluate(team.owner, team.id, { subject_type: 'role', subject_id })
    expect((await ask('editor')).allowed).toBe(true)
    expect((await ask('viewer')).allowed).toBe(true)
    expect((await ask('admin')).allowed).toBe(false)
    expect((await ask('nobody-has-it')).allowed).toBe(false)
    await makePolicy(team.owner, team.id, { conditions: { StringLike: { 'subject.id': '*' } } })
    expect((await ask('admin')).allowed).toBe(false)
    expect(
      (
        await team.owner.call('POST', `${POLICIES}/evaluate`, {
          ...READ,
          subject_type: 'role',
          organization_id: team.id,
        })
      ).status,
    ).toBe(422)
  })
})

describe('roles of an organization', () => {
  it('mean nothing to platform-wide policies, whatever its owners call them', async () => {
    const admin = await openPerson(app, { role: 'admin' })
    const [team, resource_type] = [await createTeam(app), newUuid()]
    const key = `staff-${resource_type.slice(0, 8)}`
    const own = await insertRole(app, { scope: team.id, key, permissions: [] })
    const wide = await insertRole(app, { scope: 'platform', key, permissions: [] })
    await assign(own, team.owner.id, team.id)
    const made = await Promise.all(
      [key, 'owner', 'admin'].map((target_id) =>
        makePolicy(admin, null, { resource_type, target_type: 'role', target_id }),
      ),
    )
    const allowed = async (organizationId: string | null, question: object) =>
      (await evaluate(await machine, organizationId, { resource_type, ...question })).allowed
    const ofOwner = { subject_id: team.owner.id }
    expect(await allowed(team.id, ofOwner)).toBe(false)
    expect(await allowed(null, ofOwner)).toBe(false)
    for (const subject_id of [key, 'owner', 'admin'])
      expect(await allowed(team.id, { subject_type: 'role', subject_id })).toBe(false)
    expect(await allowed(null, { subject_id: admin.id })).toBe(true)
    expect(await allowed(null, { subject_type: 'role', subject_id: 'admin' })).toBe(true)
    await assign(wide, team.owner.id, 'platform')
    expect(await allowed(team.id, ofOwner)).toBe(true)
    expect(await allowed(null, ofOwner)).toBe(true)
    await Promise.all(made.map(({ id }) => admin.call('DELETE', `${POLICIES}/${id}`)))
  })

  it('count beside platform-wide ones in its own policies', async () => {
    const team = await createTeam(app)
    const ada = await team.join('viewer')
    const key = `support-${newUuid().slice(0, 8)}`
    await assign(await insertRole(app, { scope: 'platform', key, permissions: [] }), ada.id, 'platform')
    await makePolicy(team.owner, team.id)
    await makePolicy(team.owner, team.id, { effect: 'deny', target_type: 'role', target_id: key })
    expect(await evaluate(ada, team.id)).toMatchObject({ allowed: false, reason: 'denied_by_policy' })
    expect((await evaluate(team.owner, team.id)).allowed).toBe(true)
  })
})

describe('the surroundings', () => {
  const inside = { conditions: { IpAddress: { 'environment.ip': '198.51.100.0/24' } } }

  it("are those of the request when one asks for oneself, and nobody's when an admin asks about others", async () => {
    const team = await createTeam(app)
    const [admin, ada] = await Promise.all([team.join('admin'), team.join('member')])
    await makePolicy(team.owner, team.id, inside)
    const from = (ip: string, person: Person, question: object = {}) =>
      evaluate(callWith(person, { 'cf-connecting-ip': ip }), team.id, question)
    expect((await from('198.51.100.7', ada)).allowed).toBe(true)
    expect((await from('203.0.113.7', ada)).allowed).toBe(false)
    expect((await from('203.0.113.7', ada, { context: { environment: { ip: '198.51.100.7' } } })).allowed).toBe(false)
    expect((await from('198.51.100.7', admin)).allowed).toBe(true)
    expect((await from('198.51.100.7', admin, { subject_id: ada.id })).allowed).toBe(false)
  })

  it('are stated by machines', async () => {
    const team = await createTeam(app)
    const ada = await team.join('member')
    await makePolicy(team.owner, team.id, { conditions: { ...inside.conditions, mfa_required: true } })
    const caller = await machine
    const ask = (environment?: unknown) =>
      caller.call('POST', `${POLICIES}/evaluate`, {
        ...READ,
        organization_id: team.id,
        subject_id: ada.id,
        context: environment === undefined ? {} : { environment },
      })
    expect((await ask({ ip: '198.51.100.7', acr: 'aal2' })).body.allowed).toBe(true)
    for (const other of [{ ip: '198.51.100.7' }, { acr: 'aal2' }, { ip: null, acr: null }, {}, undefined])
      expect((await ask(other)).body.allowed).toBe(false)
    for (const wrong of [null, 'x', [], { ip: 1 }, { acr: true }, { time: '2000-01-01T00:00:00Z' }])
      expect(codeOf(await ask(wrong))).toEqual([422, 'VALIDATION_ERROR'])
  })
})

describe('a question that is wrong', () => {
  const team = createTeam(app)
  it.each<[object, string]>([
    [{ resource_type: '' }, 'body.resource_type'],
    [{ resource_type: 1 }, 'body.resource_type'],
    [{ action: undefined }, 'body.action'],
    [{ action: 'x'.repeat(257) }, 'body.action'],
    [{ resource_id: 'x'.repeat(1025) }, 'body.resource_id'],
    [{ subject_id: 'ada' }, 'body.subject_id'],
    [{ subject_type: 'group' }, 'body.subject_type'],
    [{ context: [] }, 'body.context'],
    [{ context: { a: 'x'.repeat(17_000) } }, 'body.context'],
    [{ context: JSON.parse(`${'{"a":'.repeat(9)}1${'}'.repeat(9)}`) }, 'body.context'],
    [{ explain: 'yes' }, 'body.explain'],
    [{ organization_id: 'x' }, 'body.organization_id'],
  ])('is 422: %j', async (wrong, field) => {
    const { owner, id } = await team
    const refused = await owner.call('POST', `${POLICIES}/evaluate`, { ...READ, organization_id: id, ...wrong })
    expect(codeOf(refused)).toEqual([422, 'VALIDATION_ERROR'])
    expect(refused.body.details.validation_errors[0].field).toBe(field)
  })

  it('is 400 by its path, and 404 about a policy that is not there', async () => {
    const { owner } = await team
    expect((await owner.call('POST', `${POLICIES}/no-uuid/evaluate`, READ)).status).toBe(400)
    expect(codeOf(await owner.call('POST', `${POLICIES}/${newUuid()}/evaluate`, READ))).toEqual([
      404,
      'POLICY_NOT_FOUND',
    ])
  })

  it('takes __proto__ for a name as any other', async () => {
    const { owner, id } = await team
    const made = await makePolicy(owner, id, {
      conditions: { StringEquals: { 'context.__proto__.role': 'admin', 'context.role': 'admin' } },
    })
    const ask = async (context: object) =>
      (await owner.call('POST', `${POLICIES}/${made.id}/evaluate`, { ...READ, context })).body.allowed
    expect(await ask(JSON.parse('{"__proto__":{"role":"admin"}}'))).toBe(false)
    expect(await ask(JSON.parse('{"__proto__":{"role":"admin"},"role":"admin"}'))).toBe(true)
  })
})
