// A second click sends a form no second time: the browser would drop the answer to the first, and with it the session's next cookie.
const AGAIN_AFTER_MS = 10 * 1000
let sentAt = Number.NEGATIVE_INFINITY

addEventListener('submit', (event) => {
  if (event.timeStamp - sentAt < AGAIN_AFTER_MS) event.preventDefault()
  else sentAt = event.timeStamp
})
addEventListener('pageshow', () => {
  sentAt = Number.NEGATIVE_INFINITY
})
