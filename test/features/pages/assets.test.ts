import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { PAGE_POLICY } from '../../support/pages.ts'

const app = createTestApp({ override: (ctx) => ({ ...ctx, config: { ...ctx.config, RATE_LIMIT_ANONYMOUS: 1 } }) })
const branded = createTestApp({
  override: (ctx) => ({
    ...ctx,
    config: {
      ...ctx.config,
      APP_NAME: '<b>"Engines" & Co</b>',
      BRAND_COLOR: '#1d4ed0',
      BRAND_LOGO_URL: 'https://cdn.example.test/logo.svg?"><script>',
      SUPPORT_URL: 'mailto:help@example.test',
    },
  }),
})

const openPage = (on = app) => on.fetch('/', { headers: { accept: 'text/html' } })
const assetsOf = (text: string): string[] =>
  [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)

describe('assets of pages', () => {
  it('are kept for a year by browsers, and never rate limited', async () => {
    const [path = ''] = assetsOf(await (await openPage()).text())
    for (let times = 0; times < 5; times += 1) {
      const answer = await app.fetch(path)
      expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
        200,
        'text/css; charset=utf-8',
        'public, max-age=31536000, immutable',
      ])
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  it('are 404 for every other name', async () => {
    const [path = ''] = assetsOf(await (await openPage()).text())
    const others = [
      '/assets/style.css',
      '/assets/..%2f..%2fpackage.json',
      '/assets/style-0000000000000000.css',
      `${path}.map`,
      path.toUpperCase(),
      '/assets/__proto__',
      `/assets/${'a'.repeat(65)}`,
    ]
    for (const other of others) {
      const answer = await app.fetch(other)
      expect([other, answer.status >= 400 && answer.status < 500, answer.headers.get('cache-control')]).toEqual([
        other,
        true,
        'no-store',
      ])
    }
  })

  it('are below the sizes that a page may load', async () => {
    const paths = assetsOf(await (await openPage(branded)).text())
    expect(paths).toHaveLength(2)
    const size = async (path: string) => {
      const { body } = await branded.fetch(path)
      return (await new Response(body?.pipeThrough(new CompressionStream('gzip'))).arrayBuffer()).byteLength
    }
    const sizes = await Promise.all(paths.map(size))
    expect(sizes.reduce((sum, one) => sum + one, 0)).toBeLessThan(8000)
  })
})

describe('the frame of a deployment', () => {
  it('has its logo, colours and help, escaped, and the policy allows the origin of the logo alone', async () => {
    const answer = await openPage(branded)
    const text = await answer.text()
    expect(text).toContain('alt="&lt;b&gt;&quot;Engines&quot; &amp; Co&lt;/b&gt;"')
    expect(text).toContain('src="https://cdn.example.test/logo.svg?&quot;&gt;&lt;script&gt;"')
    expect(text).toContain('<a href="mailto:help@example.test">Help</a>')
    expect(text).not.toMatch(/<b>|<script>/)
    expect(answer.headers.get('content-security-policy')).toBe(
      PAGE_POLICY.replace("img-src 'self' data:", "img-src 'self' data: https://cdn.example.test"),
    )
    const theme = assetsOf(text).find((path) => path.includes('theme')) ?? ''
    expect(await (await branded.fetch(theme)).text()).toContain('--brand: #1d4ed0')
    expect((await app.fetch(theme)).status).toBe(404)
  })
})
