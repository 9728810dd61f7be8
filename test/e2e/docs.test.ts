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

  const originsOf = (urls: readonly string[]) =>
    new Set(urls.filter((url) => !url.startsWith('data:')).map((url) => new URL(url).origin))

  it.each(['/docs', '/swagger'])(
    '%s shows every operation and opens one, with nothing from elsewhere',
    async (path) => {
      const { page, requested, complaints } = await watchedPage()
      await page.goto(`${origin}${path}`)
      const operation = page.locator('.opblock', { has: page.locator('[data-path="/api/v1/auth/forgot-password"]') })
      await operation.locator('.opblock-summary-control').click()
      await operation.locator('.opblock-body').getByText('Responses', { exact: true }).waitFor()
      const answer = await fetch(`${origin}/openapi.json`)
      const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> }
      const operations = Object.values(paths).flatMap((item) => Object.keys(item))
      expect(await page.locator('.opblock').count()).toBe(operations.length)
      expect(complaints).toEqual([])
      expect(originsOf(requested)).toEqual(new Set([origin]))
    },
  )

  it('is refused what it does not ship: the policy stops a script from elsewhere', async () => {
    const { page, complaints } = await watchedPage()
    await page.goto(`${origin}/docs`)
    await page.locator('.opblock').first().waitFor()
    await page.evaluate(
      `document.head.append(Object.assign(document.createElement('script'), { src: 'https://example.com/x.js' }))`,
    )
    await expect.poll(() => complaints.join('\n')).toContain('Content Security Policy')
  })
})
