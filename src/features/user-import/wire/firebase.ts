import {
  type ForeignHash,
  type ForeignUser,
  flagOf,
  isRecord,
  type RawRecord,
  recordsOf,
  scalarOf,
  textOf,
} from './record.ts'

const NEEDS_PARAMETERS =
  'password_hash: the hash parameters of the Firebase project are needed (hash_config: base64_signer_key, base64_salt_separator, rounds, mem_cost)'

const toBase64Alphabet = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/')

/** Each stored hash contains the project's signer key (lib/password-hash). */
function hashOf(record: RawRecord): ForeignHash {
  const [key, salt] = [textOf(record.passwordHash), textOf(record.salt)]
  if (!key) return {}
  // Firebase's API leaves the salt out if the caller may not read hashes; the user would silently lose the password.
  if (!salt) return { refusal: 'password_hash: has no salt beside it, export as an owner of the project' }
  const config = isRecord(record.hash_config) ? record.hash_config : {}
  const [signerKey, separator] = [textOf(config.base64_signer_key), textOf(config.base64_salt_separator)]
  const [rounds, memCost] = [Number(scalarOf(config.rounds)), Number(scalarOf(config.mem_cost))]
  if (!signerKey || !separator || !(rounds > 0) || !(memCost > 0)) return { refusal: NEEDS_PARAMETERS }
  const spelled = `$fbscrypt$v=1,n=${memCost},r=${rounds},p=1,ss=${separator},sk=${signerKey}$${salt}$${key}`
  return { hash: toBase64Alphabet(spelled) }
}

/** The fields of an export that are read. */
export const FIREBASE_FIELDS = [
  'localId',
  'email',
  'emailVerified',
  'passwordHash',
  'salt',
  'hash_config',
  'displayName',
  'phoneNumber',
  'photoUrl',
  'createdAt',
  'disabled',
  'providerUserInfo',
  'mfaInfo',
] as const

/** Sign-in by email or telephone: not identities of another provider. */
const OWN_PROVIDERS: readonly string[] = ['password', 'phone', '']

const leftBehindOf = ({ providerUserInfo, mfaInfo }: RawRecord): string[] => [
  ...recordsOf(providerUserInfo)
    .map(({ providerId }) => scalarOf(providerId).slice(0, 50))
    .filter((provider) => !OWN_PROVIDERS.includes(provider))
    .map((provider) => `identity ${provider}`),
  ...recordsOf(mfaInfo).map((factor) => `second factor ${'totpInfo' in factor ? 'totp' : 'phone'}`),
]

/** A user of `firebase auth:export`; a record with a password needs the project's `hash_config`. */
export function fromFirebase(record: RawRecord): ForeignUser {
  const { hash, refusal } = hashOf(record)
  return {
    fields: {
      email: record.email,
      email_verified: record.emailVerified,
      password_hash: hash,
      display_name: record.displayName,
      phone_number: record.phoneNumber,
      profile_image_url: record.photoUrl,
      created_at: record.createdAt,
      status: flagOf(record.disabled) === true ? 'suspended' : undefined,
      external_id: textOf(record.localId),
    },
    foreignId: textOf(record.localId),
    leftBehind: leftBehindOf(record),
    refusal,
  }
}

/** The columns of a CSV file of `auth:export`, which has no header line. */
const COLUMNS: Readonly<Record<number, string>> = {
  0: 'localId',
  1: 'email',
  2: 'emailVerified',
  3: 'passwordHash',
  4: 'salt',
  5: 'displayName',
  6: 'photoUrl',
  23: 'createdAt',
  25: 'phoneNumber',
  26: 'disabled',
}

/** Columns with the user's id at another provider. */
const PROVIDERS: Readonly<Record<number, string>> = {
  7: 'google.com',
  11: 'facebook.com',
  15: 'twitter.com',
  19: 'github.com',
}

const CREATED = 23
const DISABLED = 26
const CLAIMS = 27
const MIN_COLUMNS = 26
/** For a line without claims: Firebase does not quote the commas in claims, which then add cells. */
const MAX_COLUMNS = 29

const isFlag = (cell: string | undefined): boolean => cell === 'true' || cell === 'false'

const beginsRecord = (cells: readonly string[]): boolean => cells.length > 2 && isFlag(cells[2])

export const isFirebaseCsv = (cells: readonly string[]): boolean => cells.length >= MIN_COLUMNS && beginsRecord(cells)

/** Firebase does not double the quotes in a quoted name, so a name with quotes and a comma shifts the cells behind it. */
const isAligned = (cells: readonly string[]): boolean =>
  /^\d*$/.test(cells[CREATED] ?? '') && (!cells[DISABLED] || isFlag(cells[DISABLED]))

const hasClaims = (cells: readonly string[]): boolean => cells[CLAIMS]?.startsWith('{') ?? false

/** The record of a line, or why the line is rejected. */
export function toFirebaseRecord(cells: readonly string[]): RawRecord | string {
  const isTooLong = cells.length > MAX_COLUMNS && !hasClaims(cells)
  if (cells.length < MIN_COLUMNS || isTooLong)
    return `has ${cells.length} cells where Firebase writes ${MIN_COLUMNS} to ${MAX_COLUMNS}`
  if (!isAligned(cells)) return 'has cells that are not where Firebase writes them'
  const providers = Object.entries(PROVIDERS).filter(([index]) => cells[Number(index)])
  return {
    ...Object.fromEntries(Object.entries(COLUMNS).map(([index, name]) => [name, cells[Number(index)] ?? ''])),
    ...(providers.length > 0 ? { providerUserInfo: providers.map(([, providerId]) => ({ providerId })) } : {}),
    ...(hasClaims(cells) ? { customAttributes: cells.slice(CLAIMS).join(',') } : {}),
  }
}

/**
 * The cells of each record. Firebase does not quote names with a line break, so a record may continue in the next line.
 */
export async function* joinFirebaseLines(lines: AsyncIterable<string[]>): AsyncGenerator<string[]> {
  let open: string[] | null = null
  for await (const cells of lines) {
    if (open !== null && !beginsRecord(cells)) {
      open = [...open.slice(0, -1), `${open.at(-1) ?? ''}\n${cells[0] ?? ''}`, ...cells.slice(1)]
    } else {
      if (open !== null) yield open
      open = cells
    }
    if (open.length >= MIN_COLUMNS || !beginsRecord(open)) {
      yield open
      open = null
    }
  }
  if (open !== null) yield open
}
