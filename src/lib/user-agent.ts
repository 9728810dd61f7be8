import Bowser from 'bowser'

/** What a `User-Agent` header says about a device. The client may lie: shown to people, never used to decide. */
export interface UserAgentDescription {
  /** `Chrome on macOS`. */
  readonly device_name: string | null
  /** `desktop`, `mobile`, `tablet`, `tv`, `bot`. */
  readonly device_type: string | null
  readonly browser: string | null
  readonly os: string | null
}

const UNKNOWN: UserAgentDescription = { device_name: null, device_type: null, browser: null, os: null }

/** Browser, operating system and kind of device without versions: they stay the same after an update. */
export function deviceKindOf(userAgent: string | null): readonly (string | null)[] {
  if (!userAgent) return [null, null, null]
  const { browser, os, platform } = Bowser.parse(userAgent)
  return [browser.name ?? null, os.name ?? null, platform.type ?? null]
}

/** What an opened session says of its device. */
export interface Device {
  readonly kind: readonly (string | null)[]
  readonly description: UserAgentDescription
}

export const deviceOf = (userAgent: string | null): Device => ({
  kind: deviceKindOf(userAgent),
  description: describeUserAgent(userAgent),
})

const KNOWN_BROWSERS: ReadonlySet<string> = new Set(Object.values(Bowser.BROWSER_MAP))

/**
 * For an unknown browser Bowser returns text that the client chose, and mails to the account's owner would contain it. So only
 * a single product token is accepted (RFC 9110 10.1.5).
 */
const isBrowserName = (name: string | undefined): name is string =>
  name !== undefined && (KNOWN_BROWSERS.has(name) || /^[\w-]{1,32}$/.test(name))

const isVersion = (version: string | undefined): boolean => version !== undefined && /^[\d._]{1,32}$/.test(version)

export function describeUserAgent(userAgent: string | null): UserAgentDescription {
  if (!userAgent) return UNKNOWN
  const { browser, os, platform } = Bowser.parse(userAgent)
  const browserName = isBrowserName(browser.name) ? browser.name : null
  const names = [browserName, os.name].filter((name): name is string => Boolean(name))
  return {
    device_name: platform.model ?? (names.length > 0 ? names.join(' on ') : null),
    device_type: platform.type ?? null,
    browser: browserName && (isVersion(browser.version) ? `${browserName} ${browser.version}` : browserName),
    os: os.name ? [os.name, os.version].filter(Boolean).join(' ') : null,
  }
}
