import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createSso, openEnterprise, signInBySso } from './sign-in-support.ts'
import { rowsOf } from './support.ts'

const federation = createSso()

describe('a sign-in through an organization', () => {
  it('ends in a session of the organization, which remembers its provider', async () => {
    const enterprise = await openEnterprise(federation)
    const signedIn = await signInBySso(federation, enterprise)
    expect(signedIn).toMatchObject({ status: 200, is_new_user: true })
    expect(decodeJwt(signedIn.access_token)).toMatchObject({ org_id: enterprise.team.id, amr: ['fed'] })
    expect(
      await rowsOf(
        'select connection_id, user_id from federated_sessions where organization_id = ?',
        enterprise.team.id,
      ),
    ).toEqual([{ connection_id: enterprise.id, user_id: signedIn.user.id }])
  })
})
