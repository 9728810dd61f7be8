import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Browser, type CDPSession, chromium, type Locator, type Page } from 'playwright-core'
import { findProgram } from '../../../scripts/support/system-programs.ts'
import type { Identity } from './certificates.ts'

export const CHROMIUM = findProgram('chromium')

export const launchBrowser = (...flags: readonly string[]): Promise<Browser> =>
  chromium.launch({
    ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', ...flags],
  })

/** Clicks what leads to another page, and waits until that is loaded: a click alone may return before it is. */
export async function follow(button: Locator): Promise<void> {
  await Promise.all([button.page().waitForEvent('load'), button.click()])
}

export interface PageServer {
  /** On `localhost`: an address is no relying party. */
  readonly origin: string
  stop(): Promise<void>
}

const readPage = () => readFile(join(import.meta.dirname, 'passkey-page.html'))

/** Serves the page over TLS under whatever name, and the service's `/.well-known/webauthn`, as a reverse proxy would. */
export async function serveSecurePage(identity: Identity): Promise<{
  readonly port: number
  /** Where the service is, once it is known. */
  proxy(service: string): void
  stop(): Promise<void>
}> {
  const html = await readPage()
  let service = ''
  const server = createSecureServer(identity, async (request, response) => {
    if (request.url !== '/.well-known/webauthn') {
      response.setHeader('content-type', 'text/html; charset=utf-8').end(html)
      return
    }
    const answer = await fetch(`${service}${request.url}`)
    response.setHeader('content-type', answer.headers.get('content-type') ?? '').end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    proxy: (to) => {
      service = to
    },
    stop: () => stopServer(server),
  }
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Serves the page that uses passkeys, on a port and so an origin of its own. */
export async function servePage(): Promise<PageServer> {
  const html = await readPage()
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(html)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    stop: () => stopServer(server),
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
