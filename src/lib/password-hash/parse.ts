import { concatBytes, utf8 } from '../encoding.ts'
import { fromAdaptedBase64, fromBase64, fromBase64UrlPadded, fromHexText } from './base64.ts'
import type { Pbkdf2Digest, StoredHash } from './stored-hash.ts'

type Fields = Readonly<Record<string, string | undefined>>
type Bytes = Uint8Array<ArrayBuffer>

interface Format {
  /** Matches the whole string; every group is named. Numbers have no leading zeros, so each hash has one encoding. */
  readonly pattern: RegExp
  read(fields: Fields): StoredHash | undefined
}

const MAX_LENGTH = 1024
const MIN_KEY_BYTES = 12

function argon2(fields: Fields): StoredHash | undefined {
  const salt = fromBase64(fields.salt ?? '')
  const key = fromBase64(fields.key ?? '')
  const [memoryKib, passes, lanes] = [Number(fields.m), Number(fields.t), Number(fields.p)]
  // RFC 9106 3.1: m >= 8p. No known system has salts below 8 bytes.
  if (!salt || !key || salt.length < 8 || key.length < MIN_KEY_BYTES || memoryKib < 8 * lanes) return undefined
  const version = fields.v === '19' ? 0x13 : 0x10
  const variant = fields.variant === 'id' ? 'argon2id' : fields.variant === 'd' ? 'argon2d' : 'argon2i'
  const isDjango = fields.django !== undefined
  return { kind: 'argon2', variant, isDjango, version, memoryKib, passes, lanes, salt, key }
}

type BcryptInput = Extract<StoredHash, { kind: 'bcrypt' }>['input']

const bcrypt =
  (input: BcryptInput) =>
  (fields: Fields): StoredHash | undefined => {
    const cost = Number(fields.cost)
    if (cost < 4 || cost > 31) return undefined
    const salt = fields.salt ?? ''
    const crypt = `$${fields.ident ?? '2b'}$${String(cost).padStart(2, '0')}$${salt}${fields.key}`
    return { kind: 'bcrypt', input, cost, salt, crypt }
  }

function scrypt(numbers: { cost: number; blockSize: number; lanes: number }, salt?: Bytes, key?: Bytes) {
  const { cost, blockSize, lanes } = numbers
  const rounds = Math.log2(cost)
  // RFC 7914 2: N is a power of two above 1 and less than 2^(128 * r / 8), and p * r < 2^30.
  const isSane =
    cost > 1 && cost < 2 ** 31 && Number.isInteger(rounds) && rounds < 16 * blockSize && lanes * blockSize < 2 ** 30
  if (!isSane || !salt || !key || key.length < MIN_KEY_BYTES || key.length > 128) return undefined
  return { kind: 'scrypt' as const, cost, blockSize, lanes, salt, key, signerKey: null }
}

const scryptNumbers = (fields: Fields) => ({
  cost: fields.ln ? 2 ** Number(fields.ln) : Number(fields.n),
  blockSize: Number(fields.r),
  lanes: Number(fields.p),
})

/** Firebase's modified scrypt in Supabase's format: each hash contains the project's signer key and separator. */
function firebaseScrypt(fields: Fields): StoredHash | undefined {
  const salt = fromBase64(fields.salt ?? '')
  const separator = fromBase64(fields.ss ?? '')
  const signerKey = fromBase64(fields.sk ?? '')
  const key = fromBase64(fields.key ?? '')
  if (!salt || !separator || !signerKey || signerKey.length !== key?.length) return undefined
  const hash = scrypt(scryptNumbers({ ...fields, ln: fields.n }), concatBytes(salt, separator), key)
  return hash && { ...hash, signerKey }
}

function pbkdf2(digest: Pbkdf2Digest, iterations: number, salt?: Bytes, key?: Bytes): StoredHash | undefined {
  if (!salt || !key || key.length < MIN_KEY_BYTES || key.length > 128) return undefined
  return { kind: 'pbkdf2', digest, iterations, salt, key }
}

const digestOf = (name: string | undefined): Pbkdf2Digest =>
  name === 'sha512' ? 'sha512' : name === 'sha256' ? 'sha256' : 'sha1'

const NUMBER = '[1-9]\\d{0,9}'
const BCRYPT_KEY = '(?<salt>[./A-Za-z0-9]{22})(?<key>[./A-Za-z0-9]{31})'

/** All supported formats. Order does not matter: no string matches two. */
const FORMATS: readonly Format[] = [
  {
    // PHC; argon2 version 1.0 has no `v`. Django prefixes `argon2`.
    pattern: new RegExp(
      `^(?<django>argon2)?\\$argon2(?<variant>id|i|d)(?:\\$v=(?<v>16|19))?\\$m=(?<m>${NUMBER}),t=(?<t>${NUMBER}),p=(?<p>${NUMBER})\\$(?<salt>[^$=]+)\\$(?<key>[^$=]+)$`,
    ),
    read: argon2,
  },
  {
    // Modular crypt; Django prefixes `bcrypt$`. `2x` is not accepted: it marks hashes of a broken implementation.
    pattern: new RegExp(`^(?:bcrypt\\$)?\\$(?<ident>2[aby])\\$(?<cost>\\d\\d)\\$${BCRYPT_KEY}$`),
    read: bcrypt('password'),
  },
  {
    // Django's BCryptSHA256PasswordHasher.
    pattern: new RegExp(`^bcrypt_sha256\\$\\$(?<ident>2[aby])\\$(?<cost>\\d\\d)\\$${BCRYPT_KEY}$`),
    read: bcrypt('sha256-hex'),
  },
  {
    // passlib bcrypt_sha256, version 1.
    pattern:
      /^\$bcrypt-sha256\$(?<ident>2[ab]),(?<cost>[1-9]\d?)\$(?<salt>[./A-Za-z0-9]{22})\$(?<key>[./A-Za-z0-9]{31})$/,
    read: bcrypt('sha256-base64'),
  },
  {
    // passlib bcrypt_sha256, version 2.
    pattern:
      /^\$bcrypt-sha256\$v=2,t=(?<ident>2b),r=(?<cost>[1-9]\d?)\$(?<salt>[./A-Za-z0-9]{22})\$(?<key>[./A-Za-z0-9]{31})$/,
    read: bcrypt('hmac-sha256-base64'),
  },
  {
    // passlib scrypt, PHC.
    pattern:
      /^\$scrypt\$ln=(?<ln>[1-9]\d?),r=(?<r>[1-9]\d{0,8}),p=(?<p>[1-9]\d{0,8})\$(?<salt>[^$=]*)\$(?<key>[^$=]+)$/,
    read: (fields) => scrypt(scryptNumbers(fields), fromBase64(fields.salt ?? ''), fromBase64(fields.key ?? '')),
  },
  {
    // Django ScryptPasswordHasher.
    pattern: new RegExp(
      `^scrypt\\$(?<n>${NUMBER})\\$(?<salt>[^$]+)\\$(?<r>${NUMBER})\\$(?<p>${NUMBER})\\$(?<key>[^$]+)$`,
    ),
    read: (fields) => scrypt(scryptNumbers(fields), utf8(fields.salt ?? ''), fromBase64(fields.key ?? '')),
  },
  {
    // Werkzeug.
    pattern: new RegExp(`^scrypt:(?<n>${NUMBER}):(?<r>${NUMBER}):(?<p>${NUMBER})\\$(?<salt>[^$]+)\\$(?<key>[^$]+)$`),
    read: (fields) => scrypt(scryptNumbers(fields), utf8(fields.salt ?? ''), fromHexText(fields.key ?? '')),
  },
  {
    pattern:
      /^\$fbscrypt\$v=1,n=(?<n>[1-9]\d?),r=(?<r>[1-9]\d{0,8}),p=(?<p>[1-9]\d{0,8}),ss=(?<ss>[^,$]*),sk=(?<sk>[^,$]+)\$(?<salt>[^$]+)\$(?<key>[^$]+)$/,
    read: firebaseScrypt,
  },
  {
    // passlib pbkdf2_{sha1,sha256,sha512}.
    pattern: new RegExp(
      `^\\$pbkdf2(?:-(?<digest>sha1|sha256|sha512))?\\$(?<i>${NUMBER})\\$(?<salt>[^$]*)\\$(?<key>[^$]+)$`,
    ),
    read: ({ digest, i, salt, key }) =>
      pbkdf2(digestOf(digest), Number(i), fromAdaptedBase64(salt ?? ''), fromAdaptedBase64(key ?? '')),
  },
  {
    // PHC.
    pattern: new RegExp(
      `^\\$pbkdf2-(?<digest>sha1|sha256|sha512)\\$i=(?<i>${NUMBER})(?:,l=\\d+)?\\$(?<salt>[^$=]+)\\$(?<key>[^$=]+)$`,
    ),
    read: ({ digest, i, salt, key }) =>
      pbkdf2(digestOf(digest), Number(i), fromBase64(salt ?? ''), fromBase64(key ?? '')),
  },
  {
    // Django PBKDF2PasswordHasher.
    pattern: new RegExp(`^pbkdf2_(?<digest>sha1|sha256)\\$(?<i>${NUMBER})\\$(?<salt>[^$]+)\\$(?<key>[^$]+)$`),
    read: ({ digest, i, salt, key }) => pbkdf2(digestOf(digest), Number(i), utf8(salt ?? ''), fromBase64(key ?? '')),
  },
  {
    // Werkzeug.
    pattern: new RegExp(`^pbkdf2:(?<digest>sha1|sha256|sha512):(?<i>${NUMBER})\\$(?<salt>[^$]+)\\$(?<key>[^$]+)$`),
    read: ({ digest, i, salt, key }) => pbkdf2(digestOf(digest), Number(i), utf8(salt ?? ''), fromHexText(key ?? '')),
  },
  {
    // Atlassian: 16 bytes of salt, 32 of key, 10,000 iterations.
    pattern: /^\{PKCS5S2\}(?<key>[A-Za-z0-9+/]{64})$/,
    read: ({ key }) => {
      const bytes = fromBase64(key ?? '')
      return pbkdf2('sha1', 10_000, bytes?.slice(0, 16), bytes?.slice(16))
    },
  },
  {
    // Cryptacular: iterations in hexadecimal, base64url with padding.
    pattern: /^\$p5k2\$(?<i>[1-9a-f][0-9a-f]{0,7})\$(?<salt>[^$]*)\$(?<key>[A-Za-z0-9_=-]{28})$/,
    read: ({ i, salt, key }) =>
      pbkdf2('sha1', Number.parseInt(i ?? '', 16), fromBase64UrlPadded(salt ?? ''), fromBase64UrlPadded(key ?? '')),
  },
  {
    // Dwayne Litzenberger's PBKDF2.crypt: the salt is the configuration string itself; 400 iterations when it has no number.
    pattern: /^(?<config>\$p5k2\$(?<i>[1-9a-f][0-9a-f]{0,7})?\$[./A-Za-z0-9]+)\$(?<key>[./A-Za-z0-9]{32})$/,
    read: ({ config, i, key }) =>
      pbkdf2('sha1', i ? Number.parseInt(i, 16) : 400, utf8(config ?? ''), fromAdaptedBase64(key ?? '')),
  },
  {
    // GRUB.
    pattern: new RegExp(`^grub\\.pbkdf2\\.sha512\\.(?<i>${NUMBER})\\.(?<salt>[0-9A-F]+)\\.(?<key>[0-9A-F]+)$`),
    read: ({ i, salt, key }) => pbkdf2('sha512', Number(i), fromHexText(salt ?? ''), fromHexText(key ?? '')),
  },
]

/** Parses a stored hash; undefined when it is malformed or of an unknown format. Cheap; never throws. */
export function parseStoredHash(text: string): StoredHash | undefined {
  if (text.length > MAX_LENGTH) return undefined
  for (const { pattern, read } of FORMATS) {
    const fields = pattern.exec(text)?.groups
    if (fields) return read(fields)
  }
  return undefined
}
