import type { Browser, Locator, Page } from 'playwright-core'
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

  const originsOf = (urls: readonly string[]) =>
    new Set(urls.filter((url) => !url.startsWith('data:')).map((url) => new URL(url).origin))

  const open = async (page: Page, query = '') => {
    await page.goto(`${origin}/docs${query}`)
    await page.locator('.opblock-tag').first().waitFor()
  }

  /** What the page shows of the only operation that a phrase finds. */
  const findOperation = async (page: Page, phrase: string, path: string): Promise<Locator> => {
    await page.locator('.operation-filter-input').fill(phrase)
    await expect.poll(() => page.locator('.opblock-tag').count()).toBe(1)
    const operation = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) })
    if ((await operation.count()) === 0) await page.locator('.opblock-tag').click()
    await operation.waitFor()
    return operation
  }

  const authorize = async (page: Page, fill: (dialog: Locator) => Promise<void>) => {
    await page.locator('button.authorize').first().click()
    const dialog = page.locator('.dialog-ux')
    await fill(dialog)
    await dialog.locator('.close-modal').click()
  }

  it('is usable within two seconds, with its tags closed and in order', async () => {
    const { page, requested, complaints } = await watchedPage()
    const devtools = await page.context().newCDPSession(page)
    // The page's own work in processor time: what else this machine does has no part in it.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
    await open(page)
    const { metrics } = await devtools.send('Performance.getMetrics')
    expect(metrics.find(({ name }) => name === 'TaskDuration')?.value).toBeLessThan(2)
    const { tags } = (await (await fetch(`${origin}/openapi.json`)).json()) as { tags: { name: string }[] }
    const shown = await page.locator('.opblock-tag').evaluateAll((drawn) => drawn.map((tag) => tag.dataset.tag))
    expect(shown).toEqual(tags.map(({ name }) => name))
    expect(await page.locator('.opblock').count()).toBe(0)
    expect(complaints).toEqual([])
    expect(originsOf(requested)).toEqual(new Set([origin]))
  })

  it('finds an operation by its path, its name and what it does, and opens it', async () => {
    const { page, complaints } = await watchedPage()
    await open(page)
    const path = '/api/v1/auth/forgot-password'
    await findOperation(page, 'auth/forgot-password', path)
    await findOperation(page, 'requestpasswordreset', path)
    const operation = await findOperation(page, 'mail a link that sets', path)
    await operation.locator('.opblock-summary-control').click()
    await operation.locator('.opblock-body').getByText('Responses', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })

  it('offers every document, and keeps to those', async () => {
    const { page, complaints } = await watchedPage()
    await open(page)
    await page.locator('#api').selectOption({ label: 'Postern as janux' })
    await page.locator('.title', { hasText: 'Postern as janux' }).waitFor()
    await page.reload()
    await page.locator('.title', { hasText: 'Postern as janux' }).waitFor()
    expect(await page.locator('#api').inputValue()).toBe('/openapi/janux.json')
    await open(page, '?api=https://example.com/openapi.json')
    expect(await page.locator('#api').inputValue()).toBe('/openapi.json')
    expect(complaints).toEqual([])
  })

  it('keeps a token over a reload in this tab alone, and no secret of a client', async () => {
    const { page } = await watchedPage()
    await open(page)
    await authorize(page, async (dialog) => {
      await dialog.locator('input[type="text"]').last().fill('client')
      await dialog.locator('input[type="password"]').fill('secret-of-a-client')
      await dialog.locator('button.authorize').last().click()
      await dialog.locator('input').first().fill('token-of-a-user')
      await dialog.locator('button.authorize').first().click()
    })
    const kept = () => page.evaluate('JSON.stringify({ session: { ...sessionStorage }, local: { ...localStorage } })')
    expect(await kept()).toMatch(/"session":\{.*token-of-a-user.*"local":\{\}/)
    expect(await kept()).not.toContain('secret-of-a-client')
    await page.reload()
    await page.locator('.opblock-tag').first().waitFor()
    const operation = await findOperation(page, 'auth/me', '/api/v1/auth/me')
    await operation.locator('.opblock-summary-control').click()
    await operation.locator('.try-out__btn').click()
    const [asked] = await Promise.all([
      page.waitForRequest(`${origin}/api/v1/auth/me`),
      operation.locator('.execute').click(),
    ])
    expect(asked.headers().authorization).toBe('Bearer token-of-a-user')
    await authorize(page, (dialog) => dialog.getByRole('button', { name: 'Remove authorization' }).first().click())
    expect(await kept()).not.toContain('token-of-a-user')
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
