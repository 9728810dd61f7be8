/** RFC 6455 7.4.1: said of a close that came without a code, or not at all; never sent. */
const UNSENDABLE: readonly number[] = [1005, 1006]
const NORMAL = 1000

/** Answers a client's close frame. A hibernating socket does not do so by itself, and its client would wait 10 s. */
export const answerClose = (socket: WebSocket, code: number): void =>
  socket.close(UNSENDABLE.includes(code) ? NORMAL : code)
