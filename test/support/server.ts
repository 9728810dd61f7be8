import type { EarlyCtx, UserActor } from '../../src/context.ts'
import type { Identity, Verifier } from '../../src/http/guard.ts'
import type { Route } from '../../src/http/router.ts'
import { createRouting } from '../../src/http/routing.ts'
import { createServer } from '../../src/http/server.ts'
import { createTestApp, type TestAppOptions } from './app.ts'

export interface TestServerOptions extends TestAppOptions {
  readonly routes: readonly Route[]
  /** Who each bearer token is; any other token is invalid. */
  readonly identities?: Readonly<Record<string, Identity>>
  readonly verifier?: Verifier
  readonly answerGateway?: (ctx: EarlyCtx, request: Request) => Promise<Response | null>
}

export const userActor = (id: string, roles: readonly string[] = ['user']): UserActor => ({
  type: 'user',
  id,
  sessionId: '00000000-0000-4000-8000-000000000000',
  number: 1,
  email: 'someone@example.test',
  username: null,
  role: roles[0] ?? 'user',
  roles,
  organizationId: null,
  organizationRole: null,
  amr: ['pwd'],
  acr: 'aal1',
  authTime: 0,
  claimsVersion: 1,
  expiresAt: 0,
})

/** The server of `http/` with routes of the test's own, on the suite's real stores. */
export function createTestServer(options: TestServerOptions) {
  const app = createTestApp(options)
  const { routes, identities = {}, verifier = verifierOf(identities) } = options
  const routing = createRouting({ routes, verifier })
  const serve = createServer({
    loadRouting: async () => routing,
    answerCheck: async (_ctx, request) => request,
    answerGateway: options.answerGateway ?? (async () => null),
    isCheckPath: () => false,
  })
  return {
    settled: app.settled,
    fetch: async (path: string, init?: RequestInit): Promise<Response> => {
      const request = new Request(path.startsWith('http') ? path : `http://127.0.0.1:8787${path}`, init)
      const ctx = await app.ctx()
      return serve({ ...ctx, ip: request.headers.get('cf-connecting-ip') ?? '192.0.2.1' }, request)
    },
  }
}

function verifierOf(identities: Readonly<Record<string, Identity>>): Verifier {
  return {
    identify: async (_ctx, request) => {
      const token = request.headers.get('authorization')?.replace('Bearer ', '')
      if (token === undefined) return { state: 'anonymous' }
      return identities[token] ?? { state: 'invalid', reason: 'unknown' }
    },
    confirm: async () => true,
    enter: () => Promise.reject(new Error('no organization here')),
  }
}
