/** Who signs in at each provider, in the provider's own words. */
export interface People {
  readonly google: {
    readonly sub: string
    readonly email: string
    readonly email_verified: boolean
    readonly name: string
    /** The hosted domain of an account of Google Workspace. */
    readonly hd?: string | undefined
  }
  readonly github: {
    readonly id: number
    readonly login: string
    readonly name: string | null
    /** The public address: of most people, none. */
    readonly email: string | null
    readonly emails: readonly GithubEmail[]
  }
  readonly microsoft: {
    readonly sub: string
    readonly oid: string
    readonly tid: string
    readonly name: string
    /** `email` and `preferred_username` are whatever an admin of the tenant wrote. */
    readonly email?: string | undefined
    readonly preferred_username: string
    /** An optional claim: whether the domain of `email` is the tenant's own. Also seen as 1 and '1'. */
    readonly xms_edov?: boolean | number | string | undefined
  }
  readonly discord: {
    readonly id: string
    readonly username: string
    readonly global_name: string | null
    readonly email: string | null
    readonly verified: boolean
  }
  readonly twitter: {
    readonly id: string
    readonly name: string
    readonly username: string
    readonly confirmed_email?: string | undefined
  }
  readonly apple: {
    readonly sub: string
    readonly email: string
    readonly email_verified: 'true' | 'false' | boolean
    /** The address is a relay of Apple's. */
    readonly is_private_email?: 'true' | 'false' | boolean | undefined
    /** Told once, in the form, unsigned. */
    readonly name: { readonly firstName: string; readonly lastName: string }
  }
  readonly oidc: {
    readonly sub: string
    readonly email: string
    /** Some providers leave it out, some write a string. */
    readonly email_verified?: boolean | string | undefined
    readonly name: string
    /** Further claims: groups, `sid`, `amr`. */
    readonly claims?: Readonly<Record<string, unknown>> | undefined
  }
}

export type ProviderName = keyof People

/** What of a new person is to be so; undefined leaves out what may be left out. */
export type Changes<Person> = { readonly [Field in keyof Person]?: Person[Field] }

export interface GithubEmail {
  readonly email: string
  readonly primary: boolean
  readonly verified: boolean
  readonly visibility: 'public' | 'private' | null
}

/** Digits that no other person has: GitHub's, Discord's and X's ids are numbers. */
const digits = (count: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => (byte % 9) + 1).join('')

const name = 'Ada Lovelace'

/** A new person of each provider, with a confirmed address that nobody else has. */
export const NEW_PERSON: { readonly [Name in ProviderName]: () => People[Name] } = {
  google: () => ({ sub: digits(21), email: `ada.${digits(12)}@gmail.com`, email_verified: true, name }),
  github: () => {
    const id = Number(digits(9))
    const email = `ada.${id}@example.test`
    const noreply = `${id}+ada@users.noreply.github.com`
    return {
      id,
      login: `ada-${id}`,
      name,
      email: null,
      emails: [
        { email: noreply, primary: false, verified: true, visibility: null },
        { email, primary: true, verified: true, visibility: 'private' },
      ],
    }
  },
  microsoft: () => {
    const email = `ada.${digits(12)}@contoso.example.test`
    return {
      sub: `${digits(20)}-${digits(20)}`,
      oid: crypto.randomUUID(),
      tid: crypto.randomUUID(),
      name,
      email,
      preferred_username: email,
    }
  },
  discord: () => {
    const id = digits(18)
    return { id, username: `ada${id}`, global_name: name, email: `ada.${id}@example.test`, verified: true }
  },
  twitter: () => {
    const id = digits(18)
    return { id, name, username: `ada${id.slice(0, 10)}`, confirmed_email: `ada.${id}@example.test` }
  },
  apple: () => ({
    sub: `${digits(6)}.${crypto.randomUUID().replaceAll('-', '')}.${digits(4)}`,
    email: `${digits(10)}@privaterelay.appleid.com`,
    email_verified: 'true',
    is_private_email: 'true',
    name: { firstName: 'Ada', lastName: 'Lovelace' },
  }),
  oidc: () => ({ sub: crypto.randomUUID(), email: `ada.${digits(12)}@example.test`, email_verified: true, name }),
}
