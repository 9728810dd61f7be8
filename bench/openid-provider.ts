import { sign } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'

/** Somebody who has signed in here and is on the way back with a code. */
export interface Visit {
  readonly code: string
  /** Of the authorization request. */
  readonly nonce: string
  readonly clientId: string
  readonly person: { readonly sub: string; readonly email: string }
}

// An OpenID provider in a process of its own: its CPU is not workerd's. Tokens are signed when a visit is told of, not when a
// code is exchanged, so that it takes little of the machine while others are measured. It believes every code, verifier and secret.
const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
const der = await crypto.subtle.exportKey('pkcs8', privateKey)
const key = { key: Buffer.from(der), format: 'der', type: 'pkcs8' } as const
const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' }] })
const tokens = new Map<string, string>()
const people = new Map<string, string>()

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const signed = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    sign('sha256', Buffer.from(text), key, (cause, signature) =>
      cause ? reject(cause) : resolve(`${text}.${signature.toString('base64url')}`),
    )
  })

async function expect(issuer: string, { code, nonce, clientId, person }: Visit): Promise<void> {
  const iat = Math.floor(Date.now() / 1000)
  const profile = { email: person.email, email_verified: true, name: 'Somebody' }
  const claims = { iss: issuer, aud: clientId, sub: person.sub, nonce, iat, exp: iat + 3600 }
  const head = encode({ alg: 'RS256', kid: 'bench' })
  const idToken = await signed(`${head}.${encode({ ...claims, ...profile })}`)
  const answer = { access_token: code, token_type: 'Bearer', expires_in: 3600, scope: 'openid email profile' }
  tokens.set(code, JSON.stringify({ ...answer, id_token: idToken }))
  people.set(code, JSON.stringify({ sub: person.sub, ...profile }))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

const take = (answers: Map<string, string>, code: string): string => {
  const answer = answers.get(code)
  answers.delete(code)
  return answer ?? '{"error":"invalid_grant"}'
}

const server = createServer(async (request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(await answerTo(request))
})

const issuerOf = ({ headers }: IncomingMessage): string => `http://${headers.host}`

async function answerTo(request: IncomingMessage): Promise<string> {
  switch (request.url) {
    case '/jwks':
      return jwks
    case '/token':
      return take(tokens, new URLSearchParams(await bodyOf(request)).get('code') ?? '')
    case '/userinfo':
      return take(people, (request.headers.authorization ?? '').replace('Bearer ', ''))
    case '/visits': {
      const visits = JSON.parse(await bodyOf(request)) as Visit[]
      await Promise.all(visits.map((visit) => expect(issuerOf(request), visit)))
      return '{}'
    }
    default:
      return JSON.stringify(metadataOf(issuerOf(request)))
  }
}

const metadataOf = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  userinfo_endpoint: `${issuer}/userinfo`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '')
})
process.on('disconnect', () => process.exit())
