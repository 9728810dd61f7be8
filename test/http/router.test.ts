import { describe, expect, it } from 'vitest'
import { createTestApp } from '../support/app.ts'

describe('an unknown path', () => {
  it('is 404 in the one envelope', async () => {
    const app = createTestApp()
    const answer = await app.fetch('/nowhere')
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND', status: 404, error: { code: 'NOT_FOUND' } })
  })
  it('encodes', () => {
    expect(new Uint8Array([255]).toBase64({ alphabet: 'base64url', omitPadding: true })).toBe('_w')
  })
})
