import { randomUUID } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { answerOf, bearer, PASSWORD, post, signUpVerified } from './support/api.ts'
import { expectNothingFound } from './support/axe.ts'
import { CHROMIUM, launchBrowser } from './support/browser.ts'

const origin = inject('origin')

/**
 * Every word of the page is two fifths longer, as in a language of long ones that no line breaks. In Arabic too: there the page
 * runs from right to left.
 */
const LENGTHEN = `(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode
    node.data = node.data.replace(/[\\p{L}\\p{M}]{2,}/gu, (word) => word + word.slice(0, Math.ceil(word.length * 0.4)))
  }
})()`

/** What does not fit where it is, although the page does: texts that their boxes cut off, and texts over others. */
const CROWDED = `(() => {
  const cut = [...document.querySelectorAll('main *, header *, footer *')]
    .filter((it) => !it.matches('input, select, option') && it.clientWidth > 0 && it.scrollWidth > it.clientWidth + 1)
    .map((it) => it.outerHTML.slice(0, 200))
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const lines = []
  while (walker.nextNode()) {
    const range = document.createRange()
    range.selectNodeContents(walker.currentNode)
    for (const box of range.getClientRects()) lines.push({ text: walker.currentNode.data, box })
  }
  const over = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2
  const drawnOver = lines.flatMap((one, at) =>
    lines.slice(at + 1).filter((other) => other.text !== one.text && over(one.box, other.box)).map(({ text }) => [one.text, text]),
  )
  return { cut, drawnOver }
})()`

describe.skipIf(CHROMIUM === undefined)('hosted pages of long words (needs the program chromium)', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launchBrowser()
  })

  afterAll(() => browser?.close())

  async function look(page: Page): Promise<void> {
    await page.evaluate(LENGTHEN)
    await expectNothingFound(page, { windows: [{ width: 320, colorScheme: 'light' }] })
    expect([page.url(), await page.evaluate(CROWDED)]).toEqual([page.url(), { cut: [], drawnOver: [] }])
  }

  it.each([
    ['en', 'ltr'],
    ['de', 'ltr'],
    ['ar', 'rtl'],
  ])('fit 320 px in %s, without a fault that axe knows', async (ui_locales, dir) => {
    const user = await signUpVerified(origin)
    const headers = bearer(user.access_token)
    const organization = { name: 'Analytical Engines', slug: `org-${randomUUID()}` }
    const { id } = await answerOf<{ id: string }>(post(origin, '/api/v1/organizations', organization, headers), 201)
    const invitation = { email: `${randomUUID()}@example.com`, organization_id: id }
    const { invite_url } = await answerOf<{ invite_url: string }>(
      post(origin, '/api/v1/invitations', invitation, headers),
      201,
    )
    const context = await browser.newContext({ locale: 'en', viewport: { width: 320, height: 800 } })
    try {
      const page = await context.newPage()
      const open = async (path: string) => {
        const url = new URL(path, origin)
        url.searchParams.set('ui_locales', ui_locales)
        await page.goto(url.href)
        const html = page.locator('html')
        expect([await html.getAttribute('lang'), await html.getAttribute('dir')]).toEqual([ui_locales, dir])
      }
      for (const path of ['/sign-up', invite_url, '/sign-in']) {
        await open(path)
        await look(page)
      }
      await open('/sign-in')
      await page.locator('#login').fill(user.email)
      await page.locator('#password').fill(PASSWORD)
      await page.keyboard.press('Enter')
      await page.locator(`a[href="/account?ui_locales=${ui_locales}"]`).waitFor()
      const sections = ['', '/security', '/sessions', '/organizations', `/organizations/${id}`, '/data']
      for (const section of sections) {
        await open(`/account${section}`)
        await look(page)
      }
    } finally {
      await context.close()
    }
  })
})
