import { vi } from 'vitest'

/** The link of the newest mail to an address that leads to `path`. */
export const mailedLink = (origin: string, to: string, path: string): Promise<string> =>
  vi.waitFor(
    async () => {
      const mails = (await (await fetch(`${origin}/dev/mailbox?to=${encodeURIComponent(to)}`)).json()) as {
        text: string
      }[]
      const links = mails.flatMap(({ text }) => text.match(/https?:\/\/\S+/g)?.slice(0, 1) ?? [])
      const link = links.find((one) => URL.parse(one)?.pathname === path)
      if (link === undefined) throw new Error(`no link to ${path} among ${links.length}`)
      return link
    },
    { timeout: 30_000, interval: 100 },
  )
