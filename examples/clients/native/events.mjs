/** The session was ended by somebody: no token helps. */
const REVOKED = 4001
/** The token is not good, or no longer: a newer one may be. */
const TOKEN_REFUSED = [1008, 4002]
/** How often an open socket looks for a newer token. */
const EXTEND_EVERY_MS = 10_000

/**
 * Hands every frame to `onFrame`, and misses no event: after a lost connection it resumes from the last cursor. A frame
 * `gap` says that the log no longer reaches back so far. `tokenOf` resolves to an access token, to a newer one than that
 * which it is given because it was refused. `onEnd` gets the close code when there is none, or the session was ended.
 */
export function follow(origin, tokenOf, { onFrame, onEnd, after = null }) {
  let cursor = after
  let spreadMs = 5000
  let socket = null
  let token = null
  let timer
  let isOver = false

  function end(code) {
    isOver = true
    clearTimeout(timer)
    socket?.close()
    onEnd?.(code)
  }

  // Everybody is cut off at once when the service is deployed: a random part of the time spreads those who come back.
  function openLater(refusedToken) {
    timer = setTimeout(open, Math.random() * spreadMs, refusedToken)
  }

  async function open(refusedToken = null) {
    try {
      token = await tokenOf(refusedToken)
    } catch (failure) {
      return failure.status === 401 ? end(4002) : openLater(refusedToken)
    }
    if (isOver) return
    if (token === refusedToken) return end(4002)
    const url = new URL('/api/v1/websocket/ws', origin.replace(/^http/, 'ws'))
    if (cursor !== null) url.searchParams.set('after', cursor)
    // As a subprotocol the token stays out of logs; a query string would not.
    socket = new WebSocket(url, ['bearer', token])
    socket.onopen = () => {
      timer = setInterval(extend, EXTEND_EVERY_MS)
    }
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data)
      cursor = frame.cursor ?? frame.data?.cursor ?? cursor
      spreadMs = frame.data?.reconnect_spread_ms ?? spreadMs
      onFrame(frame)
    }
    socket.onclose = ({ code }) => {
      clearInterval(timer)
      if (isOver) return
      if (code === REVOKED) end(code)
      else openLater(TOKEN_REFUSED.includes(code) ? token : null)
    }
  }

  /** A socket lives as long as its token: it is handed a newer one in time. */
  async function extend() {
    const newer = await tokenOf(null).catch(() => token)
    if (newer === token || socket.readyState !== WebSocket.OPEN) return
    token = newer
    socket.send(JSON.stringify({ type: 'auth', token }))
  }

  open()
  return { stop: () => end(1000) }
}
