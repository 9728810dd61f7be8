import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../lib/encoding.ts'
import type { SocketIdentity } from '../rpc.ts'

/** What the Worker tells an object about the socket that it shall open. */
export interface SocketRequest {
  readonly credential:
    | { readonly type: 'identity'; readonly identity: SocketIdentity }
    | { readonly type: 'ticket'; readonly ticket: string }
  /** A cursor to resume from. */
  readonly after: string | null
}

/** Only a Worker reaches an object, and it makes the request anew: no header of a client's gets here. */
const HEADER = 'x-postern-socket'

export const toUpgrade = (input: SocketRequest): Request =>
  new Request('https://object/socket', {
    headers: { upgrade: 'websocket', [HEADER]: toBase64Url(utf8(JSON.stringify(input))) },
  })

export function fromUpgrade(request: Request): SocketRequest | undefined {
  const bytes = fromBase64Url(request.headers.get(HEADER) ?? '')
  return bytes && bytes.length > 0 ? (JSON.parse(fromUtf8(bytes)) as SocketRequest) : undefined
}
