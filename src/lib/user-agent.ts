import Bowser from 'bowser'

/** What a `User-Agent` header says of a device. A claim of the client: shown to people, never decided on. */
export interface UserAgentDescription {
  /** `Chrome on macOS`. */
  readonly device_name: string | null
  /** `desktop`, `mobile`, `tablet`, `tv`, `bot`. */
  readonly device_type: string | null
  readonly browser: string | null
  readonly os: string | null
}

const UNKNOWN: UserAgentDescription = { device_name: null, device_type: null, browser: null, os: null }

/** Browser, system and kind of device without their versions: the same after an update. */
export function deviceKindOf(userAgent: string | null): readonly (string | null)[] {
  if (!userAgent) return [null, null, null]
  const { browser, os, platform } = Bowser.parse(userAgent)
  return [browser.name ?? null, os.name ?? null, platform.type ?? null]
}

export function describeUserAgent(userAgent: string | null): UserAgentDescription {
  if (!userAgent) return UNKNOWN
  const { browser, os, platform } = Bowser.parse(userAgent)
  const names = [browser.name, os.name].filter((name): name is string => Boolean(name))
  return {
    device_name: platform.model ?? (names.length > 0 ? names.join(' on ') : null),
    device_type: platform.type ?? null,
    browser: browser.name ? [browser.name, browser.version].filter(Boolean).join(' ') : null,
    os: os.name ? [os.name, os.version].filter(Boolean).join(' ') : null,
  }
}
