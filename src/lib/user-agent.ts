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

const isKnownBrowser = (name: string | undefined): name is string => name !== undefined && KNOWN_BROWSERS.has(name)

/**
 * For an unknown browser Bowser returns text that the client chose, and mails to the account's owner would contain it. So only
 * a single product token is accepted (RFC 9110 10.1.5).
 */
const isBrowserName = (name: string | undefined): name is string =>
  isKnownBrowser(name) || (name !== undefined && /^[\w-]{1,32}$/.test(name))

function deviceNameOf({ os, platform }: Bowser.Parser.ParsedResult, browserName: string | null): string | null {
  const names = [browserName, os.name].filter((name): name is string => Boolean(name))
  return platform.model ?? (names.length > 0 ? names.join(' on ') : null)
}

/** As `device_name`, without any word that the client chose: for mails to people who may not know of the account. */
export function knownDeviceNameOf(userAgent: string | null): string | null {
  if (!userAgent) return null
  const parsed = Bowser.parse(userAgent)
  return deviceNameOf(parsed, isKnownBrowser(parsed.browser.name) ? parsed.browser.name : null)
}

const isVersion = (version: string | undefined): boolean => version !== undefined && /^[\d._]{1,32}$/.test(version)

export function describeUserAgent(userAgent: string | null): UserAgentDescription {
  if (!userAgent) return UNKNOWN
  const parsed = Bowser.parse(userAgent)
  const { browser, os, platform } = parsed
  const browserName = isBrowserName(browser.name) ? browser.name : null
  return {
    device_name: deviceNameOf(parsed, browserName),
    device_type: platform.type ?? null,
    browser: browserName && (isVersion(browser.version) ? `${browserName} ${browser.version}` : browserName),
    os: os.name ? [os.name, os.version].filter(Boolean).join(' ') : null,
  }
}
