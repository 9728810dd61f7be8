import type { en } from './catalogues/en.ts'

export type MessageKey = keyof typeof en

/** One language. A parameter stands in it as `{name}`; the same ones in every language. */
export type Catalogue = Readonly<Record<MessageKey, string>>

export type MessageParams = Readonly<Record<string, string>>
