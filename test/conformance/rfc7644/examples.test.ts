import { expect, it } from 'vitest'
import { readFilter } from '../../../src/features/scim/rules/filter.ts'
import { applyChanges, readPatch } from '../../../src/features/scim/rules/patch.ts'
import { GROUP_RESOURCE, USER_RESOURCE } from '../../../src/features/scim/rules/schema.ts'
import type { ScimComplex } from '../../../src/features/scim/types.ts'
import { connect, ENTERPRISE, PATCH_OP } from '../../features/scim/support.ts'
import { createTestApp } from '../../support/app.ts'

const app = createTestApp()

/** RFC 7643 8.3, without what a service writes, and under addresses of nobody. */
const FULL = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE],
  externalId: '701984',
  userName: 'bjensen@example.com',
  name: {
    formatted: 'Ms. Barbara J Jensen, III',
    familyName: 'Jensen',
    givenName: 'Barbara',
    middleName: 'Jane',
    honorificPrefix: 'Ms.',
    honorificSuffix: 'III',
  },
  displayName: 'Babs Jensen',
  nickName: 'Babs',
  profileUrl: 'https://login.example.com/bjensen',
  emails: [
    { value: 'bjensen@example.com', type: 'work', primary: true },
    { value: 'babs@jensen.org', type: 'home' },
  ],
  addresses: [
    {
      type: 'work',
      streetAddress: '100 Universal City Plaza',
      locality: 'Hollywood',
      region: 'CA',
      postalCode: '91608',
      country: 'USA',
      formatted: '100 Universal City Plaza\nHollywood, CA 91608 USA',
      primary: true,
    },
    { type: 'home', streetAddress: '456 Hollywood Blvd', locality: 'Hollywood', region: 'CA', postalCode: '91608' },
  ],
  phoneNumbers: [
    { value: '555-555-5555', type: 'work' },
    { value: '555-555-4444', type: 'mobile' },
  ],
  ims: [{ value: 'someaimhandle', type: 'aim' }],
  photos: [
    { value: 'https://photos.example.com/profilephoto/72930000000Ccne/F', type: 'photo' },
    { value: 'https://photos.example.com/profilephoto/72930000000Ccne/T', type: 'thumbnail' },
  ],
  userType: 'Employee',
  title: 'Tour Guide',
  preferredLanguage: 'en-US',
  locale: 'en-US',
  timezone: 'America/Los_Angeles',
  active: true,
  password: 't1meMa$heen',
  x509Certificates: [{ value: 'MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw' }],
  [ENTERPRISE]: {
    employeeNumber: '701984',
    costCenter: '4130',
    organization: 'Universal Studios',
    division: 'Theme Park',
    department: 'Tour Operations',
    manager: { value: '26118915-6090-4610-87e4-49d8ca9f808d', $ref: '../Users/26118915-6090-4610-87e4-49d8ca9f808d' },
  },
}

it('answers the full user of RFC 7643 8.3 and 8.4 as it was sent, without the password', async () => {
  const directory = await connect(app)
  const { status, body } = await directory.call('POST', '/Users', { body: FULL })
  const { password: _password, ...rest } = FULL
  expect([status, body]).toEqual([201, { ...rest, id: body.id, meta: body.meta }])
})

it.each([
  'userName eq "bjensen"',
  'name.familyName co "O\'Malley"',
  'userName sw "J"',
  'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"',
  'title pr',
  'meta.lastModified gt "2011-05-13T04:42:34Z"',
  'meta.lastModified ge "2011-05-13T04:42:34Z"',
  'meta.lastModified lt "2011-05-13T04:42:34Z"',
  'meta.lastModified le "2011-05-13T04:42:34Z"',
  'title pr and userType eq "Employee"',
  'title pr or userType eq "Intern"',
  'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
  'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
  'userType eq "Employee" and (emails.type eq "work")',
  'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
  'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
])('reads the filter of figure 1: %s', (filter) => {
  expect(() => readFilter(USER_RESOURCE, filter)).not.toThrow()
})

const patched = (before: ScimComplex, ...Operations: object[]) =>
  applyChanges(before, readPatch(USER_RESOURCE, { schemas: [PATCH_OP], Operations }, 'id'))

const HOLLYWOOD = { type: 'work', streetAddress: '911 Universal City Plaza', locality: 'Hollywood', region: 'CA' }

it.each([
  [
    '3.5.2.1: add without a path',
    { op: 'add', value: { emails: [{ value: 'babs@jensen.org', type: 'home' }], nickname: 'Babs' } },
    { userName: 'b', nickName: 'Babs', emails: [{ value: 'babs@jensen.org', type: 'home' }] },
  ],
  [
    '3.5.2.2: remove by two conditions',
    { op: 'remove', path: 'emails[type eq "work" and value ew "example.com"]' },
    { userName: 'b' },
  ],
  [
    '3.5.2.3: replace a complex value',
    { op: 'replace', path: 'addresses[type eq "work"]', value: HOLLYWOOD },
    { userName: 'b', addresses: [HOLLYWOOD] },
  ],
  [
    '3.5.2.3: replace a sub-attribute',
    { op: 'replace', path: 'addresses[type eq "work"].streetAddress', value: '1010 Broadway Ave' },
    { userName: 'b', addresses: [{ type: 'work', streetAddress: '1010 Broadway Ave' }] },
  ],
  [
    '3.5.2.3: replace without a path',
    {
      op: 'replace',
      value: { emails: [{ value: 'bjensen@example.com', type: 'work', primary: true }], nickname: 'Babs' },
    },
    { userName: 'b', nickName: 'Babs', emails: [{ value: 'bjensen@example.com', type: 'work', primary: true }] },
  ],
] as const)('changes as %s', (_, operation, after) => {
  expect(patched({ userName: 'b' }, operation)).toEqual(after)
})

it.each([
  {
    op: 'add',
    path: 'members',
    value: [{ display: 'Babs Jensen', $ref: 'https://example.com/v2/Users/2819c223', value: '2819c223' }],
  },
  { op: 'remove', path: 'members' },
  { op: 'remove', path: 'members[value eq "2819c223-7f76-453a-919d-413861904646"]' },
  { op: 'replace', path: 'members', value: [{ display: 'Babs Jensen', value: '2819c223' }, { value: '902c246b' }] },
])('reads the operation of groups %j', (operation) => {
  expect(readPatch(GROUP_RESOURCE, { schemas: [PATCH_OP], Operations: [operation] }, 'id')).toHaveLength(1)
})
