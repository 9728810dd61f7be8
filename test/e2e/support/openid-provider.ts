import { PROJECT_ROOT } from './checkout.ts'
import { freePort } from './ports.ts'
import { start, whenReady } from './process.ts'

export interface OpenidAccount {
  readonly email: string
  /** A hash of the address, unless it is given. */
  readonly sub?: string
  readonly email_verified?: boolean
  readonly name?: string
}

export interface OpenidFault {
  readonly path: '/token' | '/jwks' | '/me' | '/.well-known/openid-configuration'
  /** A status, a page with status 200, or no answer at all. */
  readonly answer: number | 'html' | 'hang'
}

export interface OpenidProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** How the account of an address differs from a new one, whose address is verified. */
  account(account: OpenidAccount): Promise<void>
  fault(fault: OpenidFault | null): Promise<void>
  stop(): Promise<void>
}

const client = { client_id: 'postern', client_secret: 'the secret of postern, 100% + more' }

/**
 * `oidc-provider` in a process of its own, with one client. It signs in the account of `login_hint`, which is an address, and
 * asks for one in a form where there is none. `host` is what the issuer calls it: `localhost` is another site than 127.0.0.1.
 */
export async function startOpenidProvider({
  redirectUris,
  signedOutUris = [],
  host = '127.0.0.1',
}: {
  readonly redirectUris: readonly string[]
  /** Where browsers come back to that signed out there. */
  readonly signedOutUris?: readonly string[]
  readonly host?: '127.0.0.1' | 'localhost'
}): Promise<OpenidProvider> {
  const port = await freePort()
  const issuer = `http://${host}:${port}`
  const settings = JSON.stringify({
    port,
    issuer,
    client: { ...client, post_logout_redirect_uris: signedOutUris },
    redirectUris,
  })
  const running = start(process.execPath, ['examples/openid-provider.mjs', settings], {
    cwd: PROJECT_ROOT,
  })
  await whenReady(running, async () => running.output().includes('listens'))
  const tell = async (path: string, body: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  }
  return {
    issuer,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    account: (account) => tell('/admin/account', account),
    fault: (fault) => tell('/admin/fault', fault),
    async stop() {
      await running.stop()
    },
  }
}
