import { expect, vi } from 'vitest'
import type { TestApp } from '../../support/app.ts'
import { readMailbox } from '../../support/mail.ts'

/** The tokens of links to `path` that were mailed to an address, newest first, once there are `count`. */
export const mailedTokens = (app: TestApp, to: string, path: string, count = 1): Promise<string[]> =>
  vi.waitFor(
    async () => {
      const texts = (await readMailbox(app, to)).map(({ text }) => text)
      const links = texts.flatMap((text) => text.match(/https?:\/\/\S+/g)?.slice(0, 1) ?? [])
      const tokens = links.flatMap((link) => {
        const url = URL.parse(link)
        return url?.pathname === path ? (url.searchParams.get('token') ?? []) : []
      })
      expect(tokens.length).toBeGreaterThanOrEqual(count)
      return tokens
    },
    { timeout: 15_000, interval: 50 },
  )

export async function mailedToken(app: TestApp, to: string, path: string, count = 1): Promise<string> {
  const [token] = await mailedTokens(app, to, path, count)
  if (token === undefined) throw new Error('no mail')
  return token
}
