import { type ForeignHash, type ForeignUser, isRecord, pictureOf, type RawRecord, scalarOf, textOf } from './record.ts'

const NEEDS_PARAMETERS =
  'password_hash: the hash parameters of the Firebase project are needed (hash_config: base64_signer_key, base64_salt_separator, rounds, mem_cost)'

const toBase64Alphabet = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/')

/** The project's signer key stands in each stored hash (lib/password-hash). */
function hashOf(record: RawRecord): ForeignHash {
  const [key, salt] = [textOf(record.passwordHash), textOf(record.salt)]
  if (!key) return {}
  // As the API answers who may not read hashes: the user would lose the password without a word.
  if (!salt) return { refusal: 'password_hash: has no salt beside it, export as an owner of the project' }
  const config = isRecord(record.hash_config) ? record.hash_config : {}
  const [signerKey, separator] = [textOf(config.base64_signer_key), textOf(config.base64_salt_separator)]
  const [rounds, memCost] = [Number(scalarOf(config.rounds)), Number(scalarOf(config.mem_cost))]
  if (!signerKey || !separator || !(rounds > 0) || !(memCost > 0)) return { refusal: NEEDS_PARAMETERS }
  const spelled = `$fbscrypt$v=1,n=${memCost},r=${rounds},p=1,ss=${separator},sk=${signerKey}$${salt}$${key}`
  return { hash: toBase64Alphabet(spelled) }
}

/** A user of `firebase auth:export`, with the project's `hash_config` beside it where there are passwords. */
export function fromFirebase(record: RawRecord): ForeignUser {
  const { hash, refusal } = hashOf(record)
  return {
    fields: {
      email: record.email,
      email_verified: record.emailVerified,
      password_hash: hash,
      display_name: record.displayName,
      phone_number: record.phoneNumber,
      profile_image_url: pictureOf(record.photoUrl),
      created_at: record.createdAt,
      status: scalarOf(record.disabled) === 'true' ? 'suspended' : undefined,
    },
    foreignId: textOf(record.localId),
    refusal,
  }
}

/** The columns of `auth:export` to a CSV file, which has no header line. Between them stand those of federated sign-in. */
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

const MIN_COLUMNS = 26
/** Custom claims are the 28th; the comma behind them makes one more. */
const MAX_COLUMNS = 29

export const isFirebaseCsv = (cells: readonly string[]): boolean =>
  cells.length >= MIN_COLUMNS && /^(?:true|false)$/.test(cells[2] ?? '')

/**
 * The record of a line, or why it is none. Firebase quotes a name with a comma and does not double the quotes in it: such a
 * line falls into more cells, and what it says of `disabled` stands in another.
 */
export const toFirebaseRecord = (cells: readonly string[]): RawRecord | string =>
  cells.length < MIN_COLUMNS || cells.length > MAX_COLUMNS
    ? `has ${cells.length} cells where Firebase writes ${MIN_COLUMNS} to ${MAX_COLUMNS}`
    : Object.fromEntries(Object.entries(COLUMNS).map(([index, name]) => [name, cells[Number(index)] ?? '']))
