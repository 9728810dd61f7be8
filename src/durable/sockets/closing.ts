/** RFC 6455 7.4.1: said of a close that came without a code, or not at all; never sent. */
const UNSENDABLE: readonly number[] = [1005, 1006]
const NORMAL = 1000

/**
 * The code that answers a client's close frame. A socket does not answer by itself, and its client would wait 10 s:
 * whoever gets a close calls `close` with this.
 */
export const codeOfAnswer = (code: number): number => (UNSENDABLE.includes(code) ? NORMAL : code)
