// An OpenID provider for development: whoever types an address is its person. Never run it where strangers reach it.
//   node_modules/.bin/node examples/openid-provider.mjs [where Postern is]
// It is the provider `demo` of the .dev.vars that the first `npm start` makes. Tests give it all its settings as JSON.
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import Provider, { interactionPolicy } from 'oidc-provider'

const [given = 'http://127.0.0.1:8787'] = process.argv.slice(2)
const { port, issuer, client, redirectUris } = given.startsWith('{')
  ? JSON.parse(given)
  : {
      port: 9999,
      issuer: 'http://localhost:9999',
      client: { client_id: 'postern', client_secret: 'the secret of a demo' },
      redirectUris: [`${given}/api/v1/oauth/demo/callback`],
    }

/** Of addresses that nobody described: verified, and named after themselves. */
const described = new Map()
const subjects = new Map()

function accountOf(email) {
  const sub = createHash('sha256').update(email).digest('hex').slice(0, 32)
  const account = { sub, email, email_verified: true, name: email.split('@')[0], ...described.get(email) }
  subjects.set(account.sub, email)
  return account
}

const policy = interactionPolicy.base()
policy.get('login').checks.add(
  new interactionPolicy.Check('another_account', 'login_hint names another account', ({ oidc }) => {
    const hint = oidc.params.login_hint
    return hint !== undefined && oidc.session.accountId !== accountOf(hint).sub
  }),
)

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const provider = new Provider(issuer, {
  clients: [{ ...client, redirect_uris: redirectUris, token_endpoint_auth_method: 'client_secret_basic' }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [randomUUID()] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // The ID token has them too, although userinfo would tell them (Core 5.4).
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { policy, url: (_ctx, { uid }) => `/interaction/${uid}` },
  findAccount: (_ctx, sub) =>
    subjects.has(sub) ? { accountId: sub, claims: () => accountOf(subjects.get(sub)) } : undefined,
  // Whoever signs in has agreed to what the client asks for.
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
    grant.addOIDCScope(oidc.params.scope)
    await grant.save()
    return grant
  },
})
const answer = provider.callback()

/** Path of an endpoint and what it does in the place of its work: a status, `html` or `hang`. */
let fault = null

const FORM = `<!doctype html><title>Sign in</title><form method="post">
<label>Email <input type="email" name="email" required></label><button>Sign in</button></form>`

async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response)
  const email =
    request.method === 'POST' ? new URLSearchParams(await text(request)).get('email') : (params.login_hint ?? null)
  if (email === null) {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(FORM)
    return
  }
  const login = { accountId: accountOf(email).sub }
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false })
}

function fail(response) {
  if (fault.answer === 'hang') return
  if (fault.answer === 'html') {
    response.setHeader('content-type', 'text/html; charset=utf-8').end('<!doctype html><title>Sorry</title>')
    return
  }
  response.writeHead(fault.answer).end('Internal Server Error')
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, issuer)
  if (pathname === '/admin/fault') {
    fault = JSON.parse(await text(request))
    response.writeHead(204).end()
  } else if (pathname === '/admin/account') {
    const account = JSON.parse(await text(request))
    described.set(account.email, account)
    response.writeHead(204).end()
  } else if (pathname === fault?.path) fail(response)
  else if (pathname.startsWith('/interaction/')) {
    await interact(request, response).catch((error) => response.writeHead(400).end(String(error)))
  } else await answer(request, response)
})
server.listen(port, '127.0.0.1', () => console.log(`${issuer} listens`))
