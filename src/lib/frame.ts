import type { Brand } from './brand.ts'

/** What all pages of an answer have in common: whose they are, and in which language. */
export interface Frame {
  readonly language: string
  readonly dir: 'ltr' | 'rtl'
  /** The deployment's name. */
  readonly app: string
  /** The application's address, if there is one. */
  readonly appUrl: string | null
  readonly brand: Brand
  /** Where people get help. */
  readonly support: { readonly url: string; readonly label: string } | null
}
