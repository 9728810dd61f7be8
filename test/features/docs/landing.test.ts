import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

const get = (settings: Record<string, string>, headers: Record<string, string> = {}) =>
  createTestApp({ env: settings }).fetch('/', { headers })

describe('GET /', () => {
  it('is a page for a browser, with the deployment’s name and the links that matter', async () => {
    for (const COMPAT of ['janux', '']) {
      const page = await get({ COMPAT, APP_NAME: 'Castle & Co' }, { accept: BROWSER })
      const text = await page.text()
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      expect(text).toContain('<h1>Castle &amp; Co: sign-in service</h1>')
      const links = [...text.matchAll(/<li><a href="([^"]+)"/g)].map(([, href]) => href)
      expect(links).toEqual([
        expect.stringMatching(/^\/docs#\/[\w%-]+\/signUp$/),
        expect.stringMatching(/^\/docs#\/[\w%-]+\/signIn$/),
        '/docs',
        '/openapi.json',
        '/health',
        '/dev/mailbox',
      ])
    }
  })

  it('is in the browser’s language, and knows of no mailbox in production', async () => {
    const production = { MODE: 'production', PUBLIC_URL: 'https://auth.example.test' }
    const text = await (await get(production, { accept: BROWSER, 'accept-language': 'de-CH' })).text()
    expect(text).toContain('<html lang="de" dir="ltr">')
    expect(text).toContain('Postern: Anmeldedienst')
    expect(text).not.toContain('mailbox')
  })

  it.each([{}, { accept: '*/*' }, { accept: 'application/json' }])(
    'answers programs that send %j as JANUX does where it is served, and with where things are elsewhere',
    async (headers) => {
      expect(await (await get({ COMPAT: 'janux' }, headers)).json()).toEqual({
        message: 'Welcome to the JANUX Authentication Gateway!',
      })
      expect(await (await get({ COMPAT: '', APP_NAME: 'Castle' }, headers)).json()).toEqual({
        name: 'Castle',
        docs: 'http://127.0.0.1:8787/docs',
        openapi: 'http://127.0.0.1:8787/openapi.json',
        health: 'http://127.0.0.1:8787/health',
      })
    },
  )
})
