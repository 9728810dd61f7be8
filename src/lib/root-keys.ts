import { deriveBytes, seal, unseal } from './crypto.ts'
import { fromBase64Url, toBase64Url, utf8 } from './encoding.ts'

/** Keys derived from one ROOT_SECRET. `id` is public: it names the secret that something was sealed with or derived from. */
export interface RootKey {
  readonly id: string
  readonly idBytes: Uint8Array
  derive(purpose: string): Promise<Uint8Array<ArrayBuffer>>
}

/** The current secret, and all that are still accepted (with `ROOT_SECRET_PREVIOUS`). */
export interface RootKeys {
  readonly current: RootKey
  readonly all: readonly RootKey[]
}

/** What names a secret without telling anything of it: the bytes of its `id`. */
export const rootKeyId = (secret: string): Promise<Uint8Array> => deriveBytes(utf8(secret), 'postern root key id', 4)

async function importRootKey(secret: string): Promise<RootKey> {
  const bytes = utf8(secret)
  const idBytes = await rootKeyId(secret)
  const derived = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  return {
    id: toBase64Url(idBytes),
    idBytes,
    derive(purpose) {
      const known = derived.get(purpose) ?? deriveBytes(bytes, `postern ${purpose}`)
      derived.set(purpose, known)
      return known
    },
  }
}

export async function importRootKeys(secrets: { current: string; previous: string | null }): Promise<RootKeys> {
  const current = await importRootKey(secrets.current)
  return { current, all: secrets.previous ? [current, await importRootKey(secrets.previous)] : [current] }
}

/** `<key id>.<base64url of nonce, ciphertext, tag>`; bound to its purpose and to its row. */
export async function sealText(keys: RootKeys, purpose: string, rowId: string, text: string): Promise<string> {
  const key = await keys.current.derive(purpose)
  return `${keys.current.id}.${toBase64Url(await seal(key, utf8(text), `${purpose}\n${rowId}`))}`
}

/** Throws when it was sealed with an unknown secret, or for another row or purpose. */
export async function unsealText(keys: RootKeys, purpose: string, rowId: string, sealed: string): Promise<string> {
  const [id, body] = sealed.split('.', 2)
  const root = keys.all.find((candidate) => candidate.id === id)
  const bytes = fromBase64Url(body ?? '')
  if (!root || !bytes) throw new Error('sealed with an unknown key')
  return new TextDecoder().decode(await unseal(await root.derive(purpose), bytes, `${purpose}\n${rowId}`))
}

/** Whether `ROOT_SECRET` has changed since this was sealed. */
export const isSealedWithPrevious = (keys: RootKeys, sealed: string): boolean =>
  !sealed.startsWith(`${keys.current.id}.`)
