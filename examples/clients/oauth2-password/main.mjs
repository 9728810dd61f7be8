// Signs in by the OAuth2 password flow, calls a protected route, refreshes, and calls it again:
//   PASSWORD=… node examples/clients/oauth2-password/main.mjs <username or email> [origin]
import { PasswordFlow, Refused } from './password-flow.mjs'

const [username, origin = process.env.POSTERN ?? 'http://127.0.0.1:8787'] = process.argv.slice(2)
const password = process.env.PASSWORD
if (!username || !password) {
  console.error('usage: PASSWORD=… main.mjs <username or email> [origin]')
  process.exit(2)
}

async function callProtected(flow) {
  const answer = await flow.fetch('/protected')
  console.log(`GET /protected ${answer.status}`, JSON.stringify(await answer.json()))
}

try {
  const flow = await PasswordFlow.signIn(origin, { username, password })
  console.log(`signed in, with a ${flow.tokenType} token`)
  await callProtected(flow)
  // Two parts of an application that find the token old at once: one exchange.
  await Promise.all([flow.renew(), flow.renew()])
  console.log('refreshed')
  await callProtected(flow)
} catch (cause) {
  if (!(cause instanceof Refused)) throw cause
  console.error(`${cause.status} ${cause.message}`)
  if (cause.body.code === 'MFA_REQUIRED')
    console.error(`POST /auth/verify-2fa takes a code, with mfa_token ${cause.body.error.details.mfa_token}`)
  process.exit(1)
}
