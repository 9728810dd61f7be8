import {
  type ForeignHash,
  type ForeignUser,
  firstOf,
  flagOf,
  isRecord,
  type RawRecord,
  recordsOf,
  scalarOf,
  textOf,
} from './record.ts'

/** `secretData` and `credentialData` are JSON as text. */
function parse(text: unknown): RawRecord {
  if (isRecord(text)) return text
  try {
    const value: unknown = JSON.parse(scalarOf(text))
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

const withoutPadding = (value: unknown): string => scalarOf(value).replace(/=+$/, '')

const ARGON2_VERSIONS: Readonly<Record<string, number>> = { '1.0': 16, '1.3': 19 }

function argon2Hash(data: RawRecord, salt: string, key: string): string {
  const parameters = isRecord(data.additionalParameters) ? data.additionalParameters : {}
  const one = (name: string): string => scalarOf(firstOf(parameters[name]))
  const version = ARGON2_VERSIONS[one('version')]
  return `$argon2${one('type')}$v=${version}$m=${one('memory')},t=${scalarOf(data.hashIterations)},p=${one('parallelism')}$${salt}$${key}`
}

/** Keycloak's names of the supported PBKDF2 digests. */
const PBKDF2_DIGESTS: Readonly<Record<string, string>> = {
  pbkdf2: 'sha1',
  'pbkdf2-sha256': 'sha256',
  'pbkdf2-sha512': 'sha512',
}

interface StoredPassword {
  /** Keycloak's name of the algorithm. */
  readonly algorithm: string
  readonly salt: string
  readonly key: string
  readonly data: RawRecord
}

/** Keycloak 8 and later has two JSON texts; earlier versions have fields of the credential. */
function readPassword(credential: RawRecord): StoredPassword {
  const before = textOf(credential.hashedSaltedValue)
  if (before !== undefined) {
    const algorithm = scalarOf(credential.algorithm)
    // The oldest credentials name no algorithm, or only the HMAC. Keycloak itself reads them as PBKDF2, too.
    const isFirst = algorithm === '' || algorithm === 'HmacSHA1'
    const salt = withoutPadding(credential.salt)
    return { algorithm: isFirst ? 'pbkdf2' : algorithm, salt, key: withoutPadding(before), data: credential }
  }
  const [secret, data] = [parse(credential.secretData), parse(credential.credentialData)]
  const [salt, key] = [withoutPadding(secret.salt), withoutPadding(secret.value)]
  return { algorithm: scalarOf(data.algorithm), salt, key, data }
}

function hashOf({ credentials }: RawRecord): ForeignHash {
  const found = Array.isArray(credentials)
    ? credentials.find((one) => isRecord(one) && one.type === 'password')
    : undefined
  if (!isRecord(found)) return {}
  if (textOf(found.value)) return { refusal: 'password: clear text is not taken, export the hashes' }
  const { algorithm, salt, key, data } = readPassword(found)
  if (algorithm === 'argon2') return { hash: argon2Hash(data, salt, key) }
  // Hashes of a plug-in for bcrypt are complete, with salt and cost.
  if (algorithm === 'bcrypt') return { hash: key }
  const digest = Object.hasOwn(PBKDF2_DIGESTS, algorithm) ? PBKDF2_DIGESTS[algorithm] : undefined
  return digest
    ? { hash: `$pbkdf2-${digest}$i=${scalarOf(data.hashIterations)}$${salt}$${key}` }
    : { refusal: `password_hash: the algorithm ${algorithm.slice(0, 20) || 'without a name'} is not taken` }
}

/** Our fields for Keycloak's attributes. */
const FIELDS: Readonly<Record<string, string>> = {
  locale: 'locale',
  zoneinfo: 'timezone',
  phoneNumber: 'phone_number',
  phone_number: 'phone_number',
}

function attributesOf({ attributes }: RawRecord) {
  if (!isRecord(attributes)) return {}
  const entries = Object.entries(attributes).map(
    ([name, value]) => [name, Array.isArray(value) && value.length === 1 ? value[0] : value] as const,
  )
  const isField = ([name]: readonly [string, unknown]) => Object.hasOwn(FIELDS, name)
  return {
    fields: Object.fromEntries(entries.filter(isField).map(([name, value]) => [FIELDS[name] ?? name, value])),
    metadata: Object.fromEntries(entries.filter((entry) => !isField(entry))),
  }
}

/** The fields of an export that are read. */
export const KEYCLOAK_FIELDS = [
  'id',
  'email',
  'username',
  'emailVerified',
  'firstName',
  'lastName',
  'createdTimestamp',
  'enabled',
  'attributes',
  'credentials',
  'federatedIdentities',
  'serviceAccountClientId',
] as const

const leftBehindOf = ({ federatedIdentities, credentials }: RawRecord): string[] => [
  ...recordsOf(federatedIdentities).map(
    ({ identityProvider }) => `identity ${scalarOf(identityProvider).slice(0, 50)}`,
  ),
  ...recordsOf(credentials)
    .filter(({ type }) => type !== 'password')
    .map(({ type }) => `second factor ${scalarOf(type).slice(0, 50)}`),
]

/** A user of a realm's export. */
export function fromKeycloak(record: RawRecord): ForeignUser {
  if (textOf(record.serviceAccountClientId))
    return {
      fields: {},
      foreignId: undefined,
      leftBehind: [],
      refusal: 'it is the account of a client, not of a person',
    }
  const { hash, refusal } = hashOf(record)
  const { fields, metadata } = attributesOf(record)
  // In realms whose users sign in with their email, it is also the username.
  const [email, username] = [textOf(record.email), textOf(record.username)]
  const isAddress = username?.includes('@') ?? false
  return {
    fields: {
      ...fields,
      email: email ?? (isAddress ? username : undefined),
      email_verified: record.emailVerified,
      password_hash: hash,
      username: isAddress && (email === undefined || username?.toLowerCase() === email.toLowerCase()) ? null : username,
      first_name: record.firstName,
      last_name: record.lastName,
      created_at: record.createdTimestamp,
      status: flagOf(record.enabled) === false ? 'suspended' : undefined,
      external_id: textOf(record.id),
      user_metadata: metadata,
    },
    foreignId: textOf(record.id),
    leftBehind: leftBehindOf(record),
    refusal,
  }
}
