// Follows the session events of a user, a machine or a platform admin, and misses none:
//   node examples/clients/subscribe.mjs <access token> [origin]
// After a lost connection it resumes from the last cursor; `gap` says that the log no longer reaches back so far.
const [token, origin = process.env.POSTERN ?? 'http://127.0.0.1:8787'] = process.argv.slice(2)
if (!token) {
  console.error('usage: subscribe.mjs <access token> [origin]')
  process.exit(2)
}

/** Ours, and final: the session is over (4001, 4002) or the token is not good (1008). Anything else is worth a retry. */
const FINAL = [4001, 4002, 1008]
let cursor = null
let spreadMs = 5000

function follow() {
  const url = new URL('/api/v1/websocket/ws', origin.replace(/^http/, 'ws'))
  if (cursor !== null) url.searchParams.set('after', cursor)
  // As a subprotocol the token stays out of logs; a query string would not.
  const socket = new WebSocket(url, ['bearer', token])
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data)
    cursor = frame.cursor ?? cursor
    spreadMs = frame.data?.reconnect_spread_ms ?? spreadMs
    console.log(frame.type, JSON.stringify(frame))
  }
  socket.onclose = ({ code, reason }) => {
    console.log(`closed ${code} ${reason}`)
    if (!FINAL.includes(code)) setTimeout(follow, Math.random() * spreadMs)
  }
}

follow()
