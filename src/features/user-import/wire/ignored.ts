import type { IgnoredField } from '../types.ts'
import { given, type RawRecord } from './record.ts'
import { KNOWN } from './row.ts'

const MAX_NAMED = 100

/** `rejected` is added by the file of rejected rows; a row with `password` is refused. */
const NOT_REPORTED: readonly string[] = ['rejected', 'password']

/** Names of our fields in other systems, in the form that `simplify` returns. */
const SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    email: ['mail', 'emailaddress', 'useremail'],
    username: ['login', 'userlogin', 'nick', 'handle', 'preferredusername'],
    password_hash: ['passwordhash', 'passworddigest', 'encryptedpassword', 'hashedpassword', 'hash', 'userpass'],
    email_verified: ['verified', 'isverified', 'emailconfirmed', 'confirmed', 'isemailverified'],
    first_name: ['givenname', 'forename', 'fname', 'name1'],
    last_name: ['familyname', 'surname', 'lname', 'name2'],
    display_name: ['name', 'fullname', 'nickname', 'realname', 'commonname'],
    phone_number: ['phone', 'telephone', 'tel', 'mobile', 'mobilephone', 'cell'],
    timezone: ['tz', 'zoneinfo', 'timezoneid'],
    locale: ['lang', 'language', 'preferredlanguage'],
    profile_image_url: ['picture', 'avatar', 'avatarurl', 'photo', 'photourl', 'image', 'imageurl'],
    status: ['active', 'isactive', 'enabled', 'isenabled', 'disabled', 'banned', 'blocked', 'suspended', 'state'],
    created_at: [
      'created',
      'createdon',
      'createdat',
      'datejoined',
      'registered',
      'registeredat',
      'insertedat',
      'userregistered',
    ],
    external_id: ['id', 'uid', 'uuid', 'userid', 'externalid', 'legacyid'],
    user_metadata: ['attributes', 'customattributes', 'profile'],
  }).flatMap(([field, names]) => names.map((name) => [name, field] as const)),
)

const simplify = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

const BY_SIMPLE_NAME: ReadonlyMap<string, string> = new Map([...KNOWN].map((name) => [simplify(name), name]))

const suggestionFor = (name: string): string | null =>
  BY_SIMPLE_NAME.get(simplify(name)) ?? SYNONYMS.get(simplify(name)) ?? null

/** Fields that are neither ours nor read by the record's reader, each with the field that may have been meant. */
export function findIgnored(records: readonly { record: RawRecord; reads: readonly string[] }[]): IgnoredField[] {
  const names = new Set<string>()
  for (const { record, reads } of records)
    for (const [name, value] of Object.entries(record)) {
      const isRead = KNOWN.has(name) || reads.includes(name) || NOT_REPORTED.includes(name)
      if (!isRead && name !== '' && given(value) !== undefined && names.size < MAX_NAMED) names.add(name.slice(0, 100))
    }
  return [...names].map((field) => ({ field, suggestion: suggestionFor(field) }))
}
