// Signs in by the native API, renews the tokens, and follows the user's events until the session ends:
//   PASSWORD=… node examples/clients/native/main.mjs <email> [origin]
import { Client, Refused } from './client.mjs'

const [email, origin = process.env.POSTERN ?? 'http://127.0.0.1:8787'] = process.argv.slice(2)
const password = process.env.PASSWORD
if (!email || !password) {
  console.error('usage: PASSWORD=… main.mjs <email> [origin]')
  process.exit(2)
}

try {
  const client = new Client(origin)
  const user = await client.signIn(email, password)
  if (user.mfa_required) {
    console.error(`POST /api/v1/mfa/challenge/verify takes a code, with mfa_token ${user.mfa_token}`)
    process.exit(1)
  }
  console.log(`signed in as ${user.email}`)
  // Two parts of an application that find the token old at once: one exchange.
  await Promise.all([client.renew(), client.renew()])
  console.log(`renewed, GET /api/v1/auth/me ${(await client.fetch('/api/v1/auth/me')).status}`)
  client.follow({
    onFrame: ({ type }) => console.log(type),
    onEnd: (code) => console.log(`over ${code}`),
  })
} catch (failure) {
  if (!(failure instanceof Refused)) throw failure
  console.error(`${failure.status} ${failure.message}`)
  process.exit(1)
}
