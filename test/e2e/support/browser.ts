import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import { findProgram } from '../../../scripts/support/system-programs.ts'

export const CHROMIUM = findProgram('chromium')

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })

export interface PageServer {
  /** On `localhost`: an address is no relying party. */
  readonly origin: string
  stop(): Promise<void>
}

/** Serves the page that uses passkeys, on a port and so an origin of its own. */
export async function servePage(): Promise<PageServer> {
  const html = await readFile(join(import.meta.dirname, 'passkey-page.html'))
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(html)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** What the page does with `register` and `prove`. */
export interface PasskeyPage {
  register(input: { token: string; way?: 'native' | 'manual' }): Promise<Answer>
  prove(input: {
    begin?: Readonly<Record<string, unknown>>
    path?: string
    body?: Readonly<Record<string, unknown>>
    token?: string
    way?: 'native' | 'manual'
  }): Promise<Answer>
  readonly authenticator: VirtualAuthenticator
  /** The same authenticator before a page of another origin. */
  visit(origin: string): Promise<void>
}

type Credential = Awaited<ReturnType<VirtualAuthenticator['credentials']>>[number]

/** With PIN or biometry, or a key that is touched alone. */
export type AuthenticatorKind = 'verifying' | 'touched'

/** Chromium's virtual authenticator, over the DevTools protocol (WebAuthn 11). */
export class VirtualAuthenticator {
  readonly session: CDPSession
  readonly authenticatorId: string

  private constructor(session: CDPSession, authenticatorId: string) {
    this.session = session
    this.authenticatorId = authenticatorId
  }

  static async attach(page: Page, kind: AuthenticatorKind): Promise<VirtualAuthenticator> {
    const session = await page.context().newCDPSession(page)
    await session.send('WebAuthn.enable')
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: kind === 'verifying',
        isUserVerified: kind === 'verifying',
        automaticPresenceSimulation: true,
      },
    })
    return new VirtualAuthenticator(session, authenticatorId)
  }

  async credentials() {
    const { authenticatorId } = this
    return (await this.session.send('WebAuthn.getCredentials', { authenticatorId })).credentials
  }

  /** Puts a copy in the place of the credential with its id. */
  async replace(credential: Credential): Promise<void> {
    const { authenticatorId } = this
    const { credentialId } = credential
    await this.session.send('WebAuthn.removeCredential', { authenticatorId, credentialId })
    await this.session.send('WebAuthn.addCredential', { authenticatorId, credential })
  }
}

/** A page of `origin` in a new profile, with a virtual authenticator. */
export async function openPage(
  browser: Browser,
  { origin, service, kind }: { origin: string; service: string; kind: AuthenticatorKind },
): Promise<PasskeyPage> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const visit = async (to: string) => {
    await page.goto(`${to}/?service=${encodeURIComponent(service)}`)
  }
  await visit(origin)
  const call = (name: string, input: unknown) =>
    page.evaluate(`window.${name}(${JSON.stringify(input)})`) as Promise<Answer>
  return {
    register: (input) => call('register', input),
    prove: (input) => call('prove', input),
    authenticator: await VirtualAuthenticator.attach(page, kind),
    visit,
  }
}
