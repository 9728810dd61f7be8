import { createTestApp } from '../../support/app.ts'

export const app = createTestApp()
export const OWN = 'http://127.0.0.1:8787'

type App = Pick<typeof app, 'fetch'>

/** A browser without script: it keeps cookies, follows nothing, and says where its forms come from. */
export function openBrowser(on: App = app) {
  const jar = new Map<string, string>()
  const keep = (answer: Response): Response => {
    for (const line of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = '', value = ''] = pair.split('=')
      if (attributes.includes('Max-Age=0')) jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    jar,
    get: async (path: string, headers: Record<string, string> = {}) =>
      keep(await on.fetch(path, { headers: { cookie: cookies(), accept: 'text/html', ...headers } })),
    send: async (path: string, type: string, body: BodyInit) =>
      keep(
        await on.fetch(path, {
          method: 'POST',
          headers: { cookie: cookies(), origin: OWN, accept: 'text/html', 'content-type': type },
          body,
        }),
      ),
    post: async (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      keep(
        await on.fetch(path, {
          method: 'POST',
          headers: {
            cookie: cookies(),
            origin: OWN,
            accept: 'text/html',
            'content-type': 'application/x-www-form-urlencoded',
            ...headers,
          },
          body: new URLSearchParams(fields).toString(),
        }),
      ),
  }
}

export type Browser = ReturnType<typeof openBrowser>

export const COOKIE = 'postern-session'
export const titleOf = (text: string): string => /<h1>([^<]*)<\/h1>/.exec(text)?.[1] ?? ''
/** The value of a hidden field. */
export const fieldOf = (text: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? ''
