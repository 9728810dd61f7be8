import { describe, expect, it } from 'vitest'
import { importKey } from '../../../src/features/keys/rules/material.ts'
import { verifySignature } from '../../../src/features/keys/rules/token.ts'
import { fromUtf8 } from '../../../src/lib/encoding.ts'
import vectors from '../../vectors/jose/signatures.json'

/** The vector's token with one character of a segment changed. */
function change(compact: string, segment: number): string {
  const segments = compact.split('.')
  const text = segments[segment] ?? ''
  const at = Math.floor(text.length / 2)
  segments[segment] = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
  return segments.join('.')
}

describe.each(vectors.tests)('$from, $alg', ({ alg, key, compact, payload }) => {
  it('verifies', async () => {
    const verified = await verifySignature(compact, { alg, publicKey: await importKey(key, alg) })
    expect(verified && fromUtf8(verified)).toBe(payload)
  })

  it.each([0, 1, 2])('does not verify when segment %i is changed', async (segment) => {
    const publicKey = await importKey(key, alg)
    expect(await verifySignature(change(compact, segment), { alg, publicKey })).toBeUndefined()
  })

  it('does not verify under a key of another algorithm, whatever its header says', async () => {
    for (const other of vectors.tests.filter((vector) => vector.alg !== alg)) {
      const publicKey = await importKey(other.key, other.alg)
      expect(await verifySignature(compact, { alg: other.alg, publicKey })).toBeUndefined()
    }
  })
})
