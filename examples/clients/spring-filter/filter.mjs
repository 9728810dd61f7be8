// What a Spring gateway's authentication filter does, as a proxy before an application:
//   node examples/clients/spring-filter/filter.mjs <application's origin> [postern's origin] [port]
// Each request's token is posted to /validate; the application learns who asks by X-User-*, or the client gets 401.
import { request as ask, createServer } from 'node:http'

const [application, postern = process.env.POSTERN ?? 'http://127.0.0.1:8787', port = '8080'] = process.argv.slice(2)
if (!application) {
  console.error("usage: filter.mjs <application's origin> [postern's origin] [port]")
  process.exit(2)
}

const VALIDATE_MS = 2000
/** Paths that need a role, as a filter's configuration lists them. */
const ROLES = [{ path: /^\/admin(\/|$)/i, role: 'ROLE_ADMIN' }]
/** What two servers may read differently, so that one of them finds no rule: StrictHttpFirewall refuses the same. */
const AMBIGUOUS = /^(?!\/)|\/\/|[\\;]|\/\.{1,2}(\/|$)|%(?:2e|2f|3b|5c|25|00)/i
/** They end at this hop (RFC 9110 7.6.1). `Transfer-Encoding` goes on: it frames the body that is passed on. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']

/** Thrown for whatever keeps a request from the application. */
class Rejected extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/** The token's user. Asked every time: an answer that is kept would outlive the session that is revoked. */
async function validate(token) {
  const answer = await fetch(new URL('/validate', postern), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
    redirect: 'error',
    signal: AbortSignal.timeout(VALIDATE_MS),
  })
  // 200 for good and bad tokens alike: anything else is no answer, and nobody is let in without one.
  if (answer.status !== 200) throw new Error(`/validate answered ${answer.status}`)
  const { valid, userId, username, role, expirationTime, errorMessage } = await answer.json()
  if (valid !== true) throw new Rejected(401, errorMessage ?? 'Invalid token')
  if (expirationTime * 1000 <= Date.now()) throw new Rejected(401, 'Token has expired')
  return { userId, username, role, expirationTime }
}

/** Decoded, as the application will read it. */
function pathOf({ url }) {
  const [path] = url.split('?', 1)
  if (AMBIGUOUS.test(path)) throw new Rejected(400, 'Ambiguous path')
  return decodeURIComponent(path)
}

async function authenticate(request) {
  const path = pathOf(request)
  const { authorization } = request.headers
  const [, token] = /^Bearer +([^\s,]+)$/i.exec(authorization ?? '') ?? []
  if (!token) throw new Rejected(401, 'Missing or invalid Authorization header')
  const user = await validate(token).catch((cause) => {
    if (cause instanceof Rejected) throw cause
    console.error(cause)
    throw new Rejected(503, 'Authentication service is unavailable')
  })
  const rule = ROLES.find((each) => each.path.test(path))
  if (rule && user.role !== rule.role) throw new Rejected(403, 'Access denied')
  return user
}

/** A machine's token has no user id and no role: empty, for a missing header is a header that a client may set. */
const identityHeaders = ({ userId, username, role, expirationTime }) => ({
  'X-User-Id': String(userId ?? ''),
  'X-User-Name': encodeURIComponent(username ?? ''),
  'X-User-Role': role ?? '',
  'X-User-Token-Expires': String(expirationTime),
})

/** Without what a client may not say: who it is. Some servers read `_` as `-`. */
const passedOn = (headers) =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && !/^x[-_]user[-_]/.test(name)),
  )

function forward(request, response, user) {
  const upstream = ask(
    new URL(application),
    { method: request.method, path: request.url, headers: { ...passedOn(request.headers), ...identityHeaders(user) } },
    (answer) => {
      response.writeHead(answer.statusCode, passedOn(answer.headers))
      answer.pipe(response)
    },
  )
  upstream.on('error', (cause) => {
    console.error(cause)
    if (response.headersSent) response.destroy()
    else reject(request, response, new Rejected(502, 'The application does not answer'))
  })
  response.on('close', () => upstream.destroy())
  request.pipe(upstream)
}

/** As Spring's error attributes have it. */
function reject(request, response, { status, message }) {
  const body = { timestamp: new Date().toISOString(), status, message, path: request.url }
  response.writeHead(status, {
    'Content-Type': 'application/json',
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  })
  response.end(JSON.stringify(body))
}

const server = createServer(async (request, response) => {
  try {
    forward(request, response, await authenticate(request))
  } catch (cause) {
    if (!(cause instanceof Rejected)) console.error(cause)
    reject(request, response, cause instanceof Rejected ? cause : new Rejected(400, 'Bad request'))
  }
})
server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
