import { createHash } from 'node:crypto'
import type { Config } from '../../config.ts'
import { themeOf } from '../../lib/brand.ts'
import newPasskey from './new-passkey.js?raw'
import once from './once.js?raw'
import passkeys from './passkeys.js?raw'
import showPassword from './show-password.js?raw'
import style from './style.css?raw'

/** A file of our pages. Its name holds a hash of its text, so that a browser may keep it for a year. */
export interface Asset {
  readonly path: string
  readonly contentType: string
  readonly text: string
}

const CONTENT_TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const

function assetOf(name: string, kind: keyof typeof CONTENT_TYPES, text: string): Asset {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  return { path: `/assets/${name}-${hash}.${kind}`, contentType: CONTENT_TYPES[kind], text }
}

export const STYLE = assetOf('style', 'css', style)
export const PASSKEYS = assetOf('passkeys', 'js', passkeys)
export const NEW_PASSKEY = assetOf('new-passkey', 'js', newPasskey)
export const ONCE = assetOf('once', 'js', once)
export const SHOW_PASSWORD = assetOf('show-password', 'js', showPassword)

const FIXED: readonly Asset[] = [STYLE, SHOW_PASSWORD, PASSKEYS, NEW_PASSKEY, ONCE]

const themes = new Map<string, Asset>()

/** The colours of a deployment. A deployment has one colour, so there is one entry. */
export function themeAsset(color: string): Asset {
  const theme = themes.get(color) ?? assetOf('theme', 'css', themeOf(color))
  themes.set(color, theme)
  return theme
}

/** The asset at this path, undefined for any other. */
export function findAsset({ BRAND_COLOR: color }: Pick<Config, 'BRAND_COLOR'>, path: string): Asset | undefined {
  const all = color === undefined ? FIXED : [...FIXED, themeAsset(color)]
  return all.find((asset) => asset.path === path)
}
