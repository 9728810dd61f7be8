import {
  type ForeignHash,
  type ForeignUser,
  flagOf,
  given,
  isRecord,
  type RawRecord,
  recordsOf,
  scalarOf,
  textOf,
} from './record.ts'

const withoutPadding = (text: string): string => text.replace(/=+(?=\$|$)/g, '')

function decode(text: string, encoding: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    if (encoding === 'base64') return Uint8Array.fromBase64(text)
    if (encoding === 'hex') return Uint8Array.fromHex(text)
    return encoding === 'utf8' ? Uint8Array.from(new TextEncoder().encode(text)) : undefined
  } catch {
    return undefined
  }
}

const encode = (bytes: Uint8Array): string => bytes.toBase64({ omitPadding: true })

const partOf = (value: unknown) => {
  const part = isRecord(value) ? value : {}
  return { value: textOf(part.value) ?? '', encoding: textOf(part.encoding) }
}

function scryptHash(custom: RawRecord): ForeignHash {
  const [hash, salt] = [partOf(custom.hash), partOf(custom.salt)]
  const key = decode(hash.value, hash.encoding ?? '')
  const saltBytes = decode(salt.value, salt.encoding ?? 'utf8')
  const [cost, blockSize, lanes] = [custom.cost ?? 16_384, custom.blockSize ?? 8, custom.parallelization ?? 1].map(
    scalarOf,
  )
  const rounds = Math.log2(Number(cost))
  if (!key || !saltBytes || !Number.isInteger(rounds))
    return { refusal: 'password_hash: the custom_password_hash of scrypt is malformed' }
  return { hash: `$scrypt$ln=${rounds},r=${blockSize},p=${lanes}$${encode(saltBytes)}$${encode(key)}` }
}

/** The `custom_password_hash` of the bulk import schema. Auth0 accepts PHC strings with padding; the standard has none. */
function customHash(custom: RawRecord): ForeignHash {
  const password = isRecord(custom.password) ? textOf(custom.password.encoding) : undefined
  if (password !== undefined && password !== 'utf8')
    return { refusal: `password_hash: a password in ${password.slice(0, 20)} before it is hashed is not supported` }
  switch (custom.algorithm) {
    case 'bcrypt':
      return { hash: partOf(custom.hash).value }
    case 'argon2':
    case 'pbkdf2':
      return { hash: withoutPadding(partOf(custom.hash).value) }
    case 'scrypt':
      return scryptHash(custom)
    default:
      return {
        refusal: `password_hash: the algorithm ${scalarOf(custom.algorithm).slice(0, 20) || 'without a name'} is not taken`,
      }
  }
}

function hashOf(record: RawRecord): ForeignHash {
  const hash = textOf(record.passwordHash) ?? textOf(record.password_hash)
  if (hash) return { hash }
  return isRecord(record.custom_password_hash) ? customHash(record.custom_password_hash) : {}
}

/** Values of a database export: `{"$oid": "…"}`, `{"$date": "…"}`. */
const extended = (value: unknown, name: '$oid' | '$date'): unknown => (isRecord(value) ? value[name] : value)

/** With flexible identifiers, the export may have the email only in the list of identifiers. */
function addressOf({ identifiers }: RawRecord): RawRecord {
  const found = Array.isArray(identifiers)
    ? identifiers.find((one) => isRecord(one) && one.type === 'email')
    : undefined
  return isRecord(found) ? found : {}
}

/** The id in a database export, which has no prefix of the connection. */
const databaseIdOf = (record: RawRecord): string | undefined =>
  textOf(record.alt_id) ?? textOf(extended(record._id, '$oid'))

/** The id as in Auth0's tokens and profiles. By it a merge matches the two files with profiles and with hashes. */
function externalIdOf(record: RawRecord): unknown {
  const id = databaseIdOf(record)
  return given(record.user_id) ?? (id === undefined ? undefined : `auth0|${id}`)
}

/** The fields of an export that are read. */
export const AUTH0_FIELDS = [
  '_id',
  'user_id',
  'alt_id',
  'email',
  'email_verified',
  'identifiers',
  'passwordHash',
  'password_hash',
  'custom_password_hash',
  'username',
  'name',
  'nickname',
  'given_name',
  'family_name',
  'picture',
  'phone_number',
  'created_at',
  'blocked',
  'identities',
  'multifactor',
  'mfa_factors',
] as const

const leftBehindOf = ({ identities, multifactor, mfa_factors: factors }: RawRecord): string[] => [
  ...recordsOf(identities)
    .map(({ provider }) => scalarOf(provider).slice(0, 50))
    .filter((provider) => provider !== 'auth0' && provider !== '')
    .map((provider) => `identity ${provider}`),
  ...(Array.isArray(multifactor) ? multifactor : []).map((factor) => `second factor ${scalarOf(factor).slice(0, 50)}`),
  ...recordsOf(factors).map((factor) => `second factor ${Object.keys(factor)[0]?.slice(0, 50) ?? ''}`),
]

/** A user of an Auth0 export, of its database, or of the bulk import schema. */
export function fromAuth0(record: RawRecord): ForeignUser {
  const { hash, refusal } = hashOf(record)
  const name = textOf(record.name)
  const address = addressOf(record)
  const email = given(record.email) ?? address.value
  return {
    fields: {
      email,
      email_verified: given(record.email_verified) ?? (email === address.value ? address.verified : undefined),
      password_hash: hash,
      username: record.username,
      first_name: record.given_name,
      last_name: record.family_name,
      // For a user without a name Auth0 sets the name to the email.
      display_name: name === email ? record.nickname : (name ?? record.nickname),
      profile_image_url: record.picture,
      phone_number: record.phone_number,
      created_at: extended(record.created_at, '$date'),
      status: flagOf(record.blocked) === true ? 'suspended' : undefined,
      external_id: externalIdOf(record),
      user_metadata: record.user_metadata,
      app_metadata: record.app_metadata,
    },
    foreignId: textOf(record.user_id) ?? databaseIdOf(record),
    leftBehind: leftBehindOf(record),
    refusal,
  }
}
