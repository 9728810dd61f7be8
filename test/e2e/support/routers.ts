import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { posix } from 'node:path'
import express from 'express'

/** An application that routes by itself. Its answers say in `X-Handler` whether the admin's handler ran. */
export interface RoutingApplication {
  readonly port: number
  /** How many requests reached it. */
  requests(): number
  stop(): Promise<void>
}

const isAdminPath = (path: string): boolean => /^\/admin([^a-z0-9_-]|$)/i.test(path)

const answerAs =
  (handler: 'admin' | 'other'): RequestListener =>
  (_request, response) =>
    response.setHeader('x-handler', handler).end()

const routeBy =
  (pathOf: (target: string) => string): RequestListener =>
  (request, response) =>
    answerAs(isAdminPath(pathOf(request.url ?? '')) ? 'admin' : 'other')(request, response)

const pathOfUrl = (target: string): string => new URL(target, 'http://application').pathname

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** As servlet containers and file servers do, one behind the other: decode, drop path parameters, resolve dots. */
function pathOfString(target: string): string {
  const [path = ''] = decoded(decoded(target)).split(/[?#]/, 1)
  return posix.normalize(path.replaceAll('\\', '/').replaceAll(/;[^/]*/g, ''))
}

/** The ways in which the applications behind the gateways find a handler. */
export const ROUTERS = {
  'a WHATWG URL': routeBy(pathOfUrl),
  'the raw string': routeBy(pathOfString),
  Express: express().use('/admin', answerAs('admin')).use(answerAs('other')),
} satisfies Record<string, RequestListener>

export type RouterName = keyof typeof ROUTERS

export async function startRouter(name: RouterName): Promise<RoutingApplication> {
  let requests = 0
  const server = createServer(ROUTERS[name]).on('request', () => {
    requests += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
