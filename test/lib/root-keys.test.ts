import { describe, expect, it } from 'vitest'
import { equalSecrets, hashSecret, newSecret } from '../../src/lib/crypto.ts'
import { importRootKeys, isSealedWithPrevious, sealText, unsealText } from '../../src/lib/root-keys.ts'

const OLD = 'an-old-root-secret-of-enough-characters'
const NEW = 'a-new-root-secret-of-enough-characters-'

describe('a sealed text', () => {
  it('can be unsealed for its purpose and row only', async () => {
    const keys = await importRootKeys({ current: NEW, previous: null })
    const sealed = await sealText(keys, 'signing key', 'row-1', 'private')
    expect(await unsealText(keys, 'signing key', 'row-1', sealed)).toBe('private')
    await expect(unsealText(keys, 'signing key', 'row-2', sealed)).rejects.toThrow()
    await expect(unsealText(keys, 'totp secret', 'row-1', sealed)).rejects.toThrow()
  })

  it('is different every time', async () => {
    const keys = await importRootKeys({ current: NEW, previous: null })
    expect(await sealText(keys, 'p', 'r', 'x')).not.toBe(await sealText(keys, 'p', 'r', 'x'))
  })

  it('can be unsealed after the secret changed, and must then be resealed', async () => {
    const before = await importRootKeys({ current: OLD, previous: null })
    const sealed = await sealText(before, 'p', 'r', 'text')
    const during = await importRootKeys({ current: NEW, previous: OLD })
    expect(await unsealText(during, 'p', 'r', sealed)).toBe('text')
    expect(isSealedWithPrevious(during, sealed)).toBe(true)
    expect(isSealedWithPrevious(before, sealed)).toBe(false)
    const after = await importRootKeys({ current: NEW, previous: null })
    await expect(unsealText(after, 'p', 'r', sealed)).rejects.toThrow()
  })

  it.each(['', '.', 'x.y', 'AAAAAA.AAAA'])('is refused when it is %j', async (sealed) => {
    const keys = await importRootKeys({ current: NEW, previous: null })
    await expect(unsealText(keys, 'p', 'r', sealed)).rejects.toThrow()
  })

  it('is refused with a changed byte', async () => {
    const keys = await importRootKeys({ current: NEW, previous: null })
    const sealed = await sealText(keys, 'p', 'r', 'text')
    const changed = sealed.slice(0, 12) + (sealed[12] === 'A' ? 'B' : 'A') + sealed.slice(13)
    await expect(unsealText(keys, 'p', 'r', changed)).rejects.toThrow()
  })
})

describe('secrets', () => {
  it('have a prefix and 256 bits, and are stored as a hash', async () => {
    const secret = newSecret('pcs_')
    expect(secret).toMatch(/^pcs_[A-Za-z0-9_-]{43}$/)
    expect(await hashSecret(secret)).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  it('are compared in full', async () => {
    expect(await equalSecrets('abc', 'abc')).toBe(true)
    for (const other of ['', 'ab', 'abd', 'abcd']) expect(await equalSecrets('abc', other)).toBe(false)
  })
})
