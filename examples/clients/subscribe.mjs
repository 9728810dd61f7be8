// Follows the session events of a user, a machine or a platform admin for as long as the token lives:
//   node examples/clients/subscribe.mjs <access token> [origin]
import { follow } from './native/events.mjs'

const [token, origin = process.env.POSTERN ?? 'http://127.0.0.1:8787'] = process.argv.slice(2)
if (!token) {
  console.error('usage: subscribe.mjs <access token> [origin]')
  process.exit(2)
}

follow(origin, async () => token, {
  onFrame: (frame) => console.log(frame.type, JSON.stringify(frame)),
  onEnd: (code) => console.log(`closed ${code}`),
})
