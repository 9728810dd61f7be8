import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

export const WCAG_22_AA = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

interface Found {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

interface Window {
  readonly width: number
  readonly colorScheme: 'light' | 'dark'
}

/** No style depends on both. */
const WINDOWS: readonly Window[] = [
  { width: 320, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'light' },
]

interface Look {
  readonly rules?: readonly string[]
  readonly windows?: readonly Window[] | undefined
}

/** Looks at the page in narrow and wide windows, light and dark. */
export async function expectNothingFound(
  page: Page,
  { rules = [...WCAG_22_AA, 'best-practice'], windows = WINDOWS }: Look = {},
): Promise<void> {
  // Mails are looked at by themselves: no script runs in their frames.
  const options = JSON.stringify({ iframes: false, runOnly: rules })
  await page.evaluate(axe.source)
  for (const { width, colorScheme } of windows) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 800 })
    const { violations } = (await page.evaluate(`axe.run(document, ${options})`)) as { violations: readonly Found[] }
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.failureSummary} ${node.html}`),
    )
    expect([page.url(), colorScheme, width, found]).toEqual([page.url(), colorScheme, width, []])
    await expectNoOverflow(page)
  }
}

const expectNoOverflow = async (page: Page): Promise<void> =>
  expect([page.url(), await page.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([
    page.url(),
    0,
  ])

/** Nothing scrolls sideways on the narrowest page. */
export async function expectToFit(page: Page): Promise<void> {
  await page.setViewportSize({ width: 320, height: 800 })
  await expectNoOverflow(page)
}
