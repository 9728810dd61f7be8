import { describe, expect, it } from 'vitest'
import { createTestApp, env } from '../../support/app.ts'

describe('the API reference', () => {
  it('has an OpenAPI 3.1 document that may be cached', async () => {
    const answer = await createTestApp().fetch('/openapi.json')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect(await answer.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'Postern' } })
  })

  it('has a document of each system that is served, and of no other', async () => {
    const app = createTestApp({ env: { COMPAT: 'janux' } })
    const answer = await app.fetch('/openapi/janux.json')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect(await answer.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'Postern as janux' } })
    for (const path of ['/openapi/users-api.json', '/openapi/janux', '/openapi/postern.json', '/openapi/'])
      expect([path, (await app.fetch(path)).status]).toEqual([path, 404])
  })

  it('offers on its page the documents that there are', async () => {
    const page = await (await createTestApp({ env: { COMPAT: 'janux' } }).fetch('/docs')).text()
    const offered = [...page.matchAll(/<option value="([^"]+)">([^<]+)</g)].map(([, path, title]) => [path, title])
    expect(offered).toEqual([
      ['/openapi.json', 'Postern'],
      ['/openapi/janux.json', 'Postern as janux'],
    ])
  })

  it.each(['/docs', '/swagger', '/redoc'])('has a page on %s that loads nothing from another host', async (path) => {
    const answer = await createTestApp().fetch(path)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/)
    const page = await answer.text()
    expect(page).not.toMatch(/https?:\/\/|<script>/)
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file)
    expect(files).toContain('/swagger-ui/api-reference.js')
    for (const file of files) expect(file).toMatch(/^\/swagger-ui\//)
  })

  it('serves its own script from the assets', async () => {
    const answer = await createTestApp().fetch('/swagger-ui/api-reference.js')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/javascript/)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=3600')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await answer.text()).toContain('SwaggerUIBundle(')
  })

  it('serves no other file of the assets', async () => {
    const app = createTestApp()
    expect((await env.ASSETS.fetch('http://assets/swagger-ui/api-reference.js')).status).toBe(200)
    const paths = ['/LICENSE', '/%2e%2e%2fapi-reference.js', '/index.html', '', '/a/b', '.css'].map(
      (end) => `/swagger-ui${end}`,
    )
    for (const path of [...paths, '/api-reference.js']) expect((await app.fetch(path)).status).toBe(404)
  })

  it("serves none to a gateway's check", async () => {
    const headers = { 'x-auth-require': 'valid' }
    for (const path of ['/swagger-ui/api-reference.js', '/docs', '/openapi.json'])
      expect((await createTestApp().fetch(path, { headers })).status).toBe(403)
  })
})
