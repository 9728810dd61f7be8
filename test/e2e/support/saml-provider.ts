import { PROJECT_ROOT } from './checkout.ts'
import { freePort } from './ports.ts'
import { start, whenReady } from './process.ts'

/** A certificate (DER in base64) and its public key (PEM). */
interface Certified {
  readonly certificate: string
  readonly publicKey: string
}

export interface SamlProviderSettings {
  readonly signs?: 'assertion' | 'response' | 'both'
  readonly account?: {
    readonly nameId: string
    readonly attributes: Readonly<Record<string, string | readonly string[]>>
  }
  /** Whose key its assertions are encrypted for. */
  readonly encryptFor?: Certified | null
  /** Who is told of a logout, and whose requests are answered. */
  readonly service?: { readonly entityId: string; readonly sloUrl: string; readonly certificate: string }
}

export interface SamlProvider {
  readonly entityId: string
  readonly ssoUrl: string
  readonly metadataUrl: string
  /** A browser that opens it signs out everywhere. */
  readonly logoutUrl: string
  /** DER in base64, as it is now. */
  certificate(): Promise<string>
  configure(settings: SamlProviderSettings): Promise<void>
  /** Signs with a new key from now on. */
  renewKey(): Promise<void>
  stop(): Promise<void>
}

/** `samlp` in a process of its own. It signs in whoever its settings say, without a question. */
export async function startSamlProvider({
  host = '127.0.0.1',
}: {
  host?: '127.0.0.1' | 'localhost'
} = {}): Promise<SamlProvider> {
  const port = await freePort()
  const address = `http://${host}:${port}`
  const entityId = `${address}/metadata`
  // Its certificates are made by the tests' own functions, whose base64 this Node has behind a flag.
  const program = ['--js-base-64', 'test/e2e/support/saml-provider.mjs', JSON.stringify({ port, entityId })]
  const running = start(process.execPath, program, { cwd: PROJECT_ROOT })
  await whenReady(running, async () => running.output().includes('listens'))
  const tell = async (path: string, body: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  }
  return {
    entityId,
    ssoUrl: `${address}/sso`,
    metadataUrl: `${address}/metadata`,
    logoutUrl: `${address}/logout`,
    certificate: async () => (await fetch(`http://127.0.0.1:${port}/certificate`)).text(),
    configure: (settings) => tell('/admin/settings', settings),
    renewKey: () => tell('/admin/new-key', {}),
    async stop() {
      await running.stop()
    },
  }
}
