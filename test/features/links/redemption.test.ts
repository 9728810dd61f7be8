import { expect, it } from 'vitest'
import { redemptionOf } from '../../../src/features/links/service.ts'
import { verifiedEmail } from '../../../src/features/sign-in/store/credentials.ts'
import { updateUser } from '../../../src/features/users/store/changes.ts'
import { createTestApp, env } from '../../support/app.ts'

it('finds the token of a change by an index, because strangers can create many rows', async () => {
  const ctx = await createTestApp().ctx()
  const { redemption, statement } = await redemptionOf(ctx, 'email_verification', 'pot_x')
  const change = updateUser(ctx, {
    userId: 'x',
    ...verifiedEmail(ctx, { email: 'x', isAnswered: true, redemption }),
    increments: { claims: false, auth: null },
  })
  for (const query of [statement, change]) {
    const { sql, params } = query.toSQL()
    const { results } = await env.DB.prepare(`explain query plan ${sql}`)
      .bind(...params)
      .all<{ detail: string }>()
    const plan = results.map(({ detail }) => detail).join('\n')
    expect(plan).toContain('one_time_tokens USING INDEX one_time_tokens_token_hash_unique')
    expect(plan).not.toContain('SCAN')
  }
})
