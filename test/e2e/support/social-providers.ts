import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { createProviders, type Providers, type ProvidersOptions } from '../../support/providers/providers.ts'

export interface SocialProviders extends Providers {
  /** `https://host/path` of a provider is `<address>/host/path` here. */
  readonly address: string
  stop(): Promise<void>
}

/** The stand-ins of the social providers behind a server on loopback. */
export async function startSocialProviders(options: ProvidersOptions): Promise<SocialProviders> {
  const providers = createProviders(options)
  const server = createServer(async (request, response) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const { method = 'GET', url = '/' } = request
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)])
    const body = method === 'POST' ? new Uint8Array(await buffer(request)) : null
    try {
      const answer = await providers.fetch(`http://127.0.0.1${url}`, {
        method,
        headers,
        body,
        redirect: 'manual',
        signal: gone.signal,
      })
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.end(new Uint8Array(await answer.arrayBuffer()))
    } catch (error) {
      if (!gone.signal.aborted) response.writeHead(502).end(String(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    ...providers,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
