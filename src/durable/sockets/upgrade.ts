import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../lib/encoding.ts'
import type { SocketIdentity } from '../rpc.ts'

/** The Worker's request to an object to open a socket. */
export interface SocketRequest {
  readonly credential:
    | { readonly type: 'identity'; readonly identity: SocketIdentity }
    | { readonly type: 'ticket'; readonly ticket: string }
  /** A cursor to resume from. */
  readonly after: string | null
}

/** Cannot be forged by a client: only a Worker calls an object, and it builds this request from scratch. */
const HEADER = 'x-postern-socket'

export const toUpgrade = (input: SocketRequest): Request =>
  new Request('https://object/socket', {
    headers: { upgrade: 'websocket', [HEADER]: toBase64Url(utf8(JSON.stringify(input))) },
  })

export function fromUpgrade(request: Request): SocketRequest | undefined {
  const bytes = fromBase64Url(request.headers.get(HEADER) ?? '')
  return bytes && bytes.length > 0 ? (JSON.parse(fromUtf8(bytes)) as SocketRequest) : undefined
}
