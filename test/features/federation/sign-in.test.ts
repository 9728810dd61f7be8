import { describe, expect, it } from 'vitest'
import { claimsOf } from '../../support/tokens.ts'
import { createFederation, exchange, PROVIDERS, RETURN_TO } from './support.ts'

const { app, providers, browser } = createFederation()

describe.each(PROVIDERS.filter((name) => name !== 'microsoft' && name !== 'twitter'))('%s', (provider) => {
  it('makes an account at the first sign-in, and signs in to it at the next', async () => {
    const person = providers.person(provider)
    const first = await browser().signIn(provider)
    expect(`${first.origin}${first.pathname}`).toBe(RETURN_TO)
    const made = await exchange(app, { code: first.searchParams.get('code') })
    expect(made.status).toBe(200)
    const session = await made.json<Record<string, any>>()
    expect(session).toMatchObject({ is_new_user: true, mfa_required: false, user: { email_verified: true } })
    expect(claimsOf(session.access_token).amr).toEqual(['fed'])
    providers.person(provider, person as never)
    const next = await browser().signIn(provider)
    const again = await (await exchange(app, { code: next.searchParams.get('code') })).json<Record<string, any>>()
    expect(again).toMatchObject({ is_new_user: false, user: { id: session.user.id } })
  })
})
