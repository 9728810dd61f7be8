import { createDecipheriv, hkdfSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, SignJWT } from 'jose'
import { openD1File } from './d1-file.ts'

/** Opens `<key id>.<base64url of nonce, ciphertext, tag>`: AES-256-GCM under a key that HKDF derives from the secret. */
function unseal(secret: string, purpose: string, rowId: string, sealed: string): string {
  const key = hkdfSync('sha256', secret, '', `postern ${purpose}`, 32)
  const bytes = Buffer.from(sealed.split('.')[1] ?? '', 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key), bytes.subarray(0, 12))
  decipher.setAAD(Buffer.from(`${purpose}\n${rowId}`)).setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString()
}

async function readSigningKey({ root, state }: { root: string; state: string }, kid: string): Promise<JWK> {
  const { ROOT_SECRET = '' } = parseEnv(await readFile(join(root, '.dev.vars'), 'utf8'))
  const database = openD1File(state)
  const row = database.prepare('select private_sealed from signing_keys where kid = ?').get(kid)
  database.close()
  return JSON.parse(unseal(ROOT_SECRET, 'signing key', kid, String(row?.private_sealed))) as JWK
}

/** The token with another end, signed anew with the service's own key: no setting makes its life as short. */
export async function withExpiry(
  service: { readonly root: string; readonly state: string },
  token: string,
  expiresAt: Date,
): Promise<string> {
  const { alg = '', kid = '', ...header } = decodeProtectedHeader(token)
  const key = await importJWK(await readSigningKey(service, kid), alg)
  return new SignJWT(decodeJwt(token))
    .setProtectedHeader({ ...header, alg, kid })
    .setExpirationTime(expiresAt)
    .sign(key)
}
