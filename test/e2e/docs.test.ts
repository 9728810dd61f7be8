import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CHROMIUM, launchBrowser } from './support/browser.ts'

const origin = inject('origin')
const isMissing = CHROMIUM === undefined

describe.skipIf(isMissing)('the API reference in a real browser (needs the program chromium)', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launchBrowser()
  })

  afterAll(async () => {
    await browser?.close()
  })

  /** A page and whatever it complains of or asks other hosts for. */
  async function watchedPage(): Promise<{ page: Page; requested: string[]; complaints: string[] }> {
    const page = await (await browser.newContext()).newPage()
    const requested: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requested.push(request.url()))
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
    page.on('pageerror', (error) => complaints.push(String(error)))
    // Chromium tells violations of the policy here too.
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    return { page, requested, complaints }
  }

  /** Scrolls as a reader does, for the page draws a large document piece by piece; the ids of all operations that were drawn. */
  async function readToTheEnd(page: Page, look: () => Promise<void>): Promise<Set<string>> {
    const seen = new Set<string>()
    const where = () => page.evaluate('[scrollY, document.documentElement.scrollHeight].join()')
    let hasLooked = false
    for (let before = ''; before !== (await where()); ) {
      before = String(await where())
      for (const id of await page.locator('.opblock').evaluateAll((blocks) => blocks.map(({ id }) => id))) seen.add(id)
      if (!hasLooked && [...seen].some((id) => id.endsWith('-requestPasswordReset'))) {
        await look()
        hasLooked = true
      }
      await page.evaluate('scrollBy(0, innerHeight / 2)')
      // Two frames: one that scrolls, one that draws.
      await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
    }
    expect(hasLooked).toBe(true)
    return seen
  }

  const originsOf = (urls: readonly string[]) =>
    new Set(urls.filter((url) => !url.startsWith('data:')).map((url) => new URL(url).origin))

  it('shows every operation and opens one, with nothing from elsewhere', async () => {
    const { page, requested, complaints } = await watchedPage()
    await page.goto(`${origin}/docs`)
    const operation = page.locator('.opblock', { has: page.locator('[data-path="/api/v1/auth/forgot-password"]') })
    await page.locator('.opblock').first().waitFor()
    const seen = await readToTheEnd(page, async () => {
      await operation.locator('.opblock-summary-control').click()
      await operation.locator('.opblock-body').getByText('Responses', { exact: true }).waitFor()
      await operation.locator('.opblock-summary-control').click()
    })
    const answer = await fetch(`${origin}/openapi.json`)
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, { tags: string[] }>> }
    const operations = Object.values(paths).flatMap((item) => Object.values(item))
    expect(operations.length).toBeGreaterThan(150)
    // Under each of its tags, as the page has it.
    expect(seen.size).toBe(operations.reduce((sum, { tags }) => sum + tags.length, 0))
    expect(complaints).toEqual([])
    expect(originsOf(requested)).toEqual(new Set([origin]))
  })

  it('is refused what it does not ship: the policy stops a script from elsewhere', async () => {
    const { page, complaints } = await watchedPage()
    // The policy is the document's; what Swagger UI would draw, for many seconds, has no part in it.
    await page.route('**/swagger-ui-bundle.js', (route) => route.abort())
    await page.goto(`${origin}/docs`)
    await page.evaluate(
      `document.head.append(Object.assign(document.createElement('script'), { src: 'https://example.com/x.js' }))`,
    )
    await expect.poll(() => complaints.join('\n'), { timeout: 10_000 }).toContain('Content Security Policy')
  })
})

it('the API reference is the same page, byte for byte, at /docs and /swagger', async () => {
  const read = async (path: string) => {
    const answer = await fetch(`${origin}${path}`)
    const headers = ['content-type', 'content-security-policy'].map((name) => answer.headers.get(name))
    return { status: answer.status, headers, page: await answer.text() }
  }
  const docs = await read('/docs')
  expect(docs).toMatchObject({ status: 200, headers: ['text/html; charset=utf-8', expect.stringContaining("'none'")] })
  // No address in it depends on where it stands.
  const addresses = [...docs.page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address)
  expect(addresses.length).toBeGreaterThan(2)
  for (const address of addresses) expect(address).toMatch(/^\/[^/]/)
  expect(await read('/swagger')).toEqual(docs)
})
