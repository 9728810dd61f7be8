import { randomUUID } from 'node:crypto'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { PASSWORD } from './support/api.ts'
import { CHROMIUM, launchBrowser, VirtualAuthenticator } from './support/browser.ts'
import { PROJECT_ROOT } from './support/checkout.ts'
import { type Running, start } from './support/process.ts'

const isMissing = CHROMIUM === undefined

describe.skipIf(isMissing)('examples/passkeys (needs the program chromium)', () => {
  let server: Running
  let browser: Browser

  beforeAll(async () => {
    server = start(process.execPath, ['examples/passkeys/serve.mjs', '0'], { cwd: PROJECT_ROOT })
    browser = await launchBrowser()
  })

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('signs up, adds a passkey and signs in with it, at an unconfigured local service', async () => {
    const [origin] = await vi.waitFor(() => {
      const found = /http:\/\/localhost:\d+/.exec(server.output())
      if (!found) throw new Error(server.output())
      return found
    }, 10_000)
    const page = await browser.newPage()
    await page.goto(`${origin}/?service=${encodeURIComponent(inject('origin'))}`)
    await VirtualAuthenticator.attach(page, 'verifying')
    const email = `${randomUUID()}@example.com`
    const press = async (name: string, outcome: string) => {
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByText(outcome, { exact: true }).waitFor()
    }
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password').fill(PASSWORD)
    await press('Sign up', `Signed up as ${email}`)
    await press('Add a passkey', 'The passkey was added')
    await page.reload()
    await press('Sign in with a passkey', `Signed in as ${email}`)
    expect(await page.getByRole('status').textContent()).toBe(`Signed in as ${email}`)
  })
})
