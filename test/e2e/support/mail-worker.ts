import { type Env, isBroken, loadConfig } from '../../../src/config.ts'
import { createContext, sharedIsolate, withDb } from '../../../src/context.ts'
import { findTransport } from '../../../src/features/mail/service/transport.ts'
import type { OutgoingMail } from '../../../src/features/mail/types.ts'

export interface SendInput {
  readonly settings: Readonly<Record<string, string>>
  readonly mail: Omit<OutgoingMail, 'from'>
}

/** A Worker with the service's mail transports and nothing else: settings and mail come with the request. */
export default {
  async fetch(request, env, execution) {
    const { settings, mail } = await request.json<SendInput>()
    const config = await loadConfig({ ...env, ...settings } as Env)
    if (isBroken(config)) return Response.json(config, { status: 500 })
    const waitUntil = (work: Promise<unknown>) => execution.waitUntil(work)
    const ctx = await withDb(createContext({ env, config, isolate: sharedIsolate, waitUntil }))
    const transport = findTransport(ctx)
    if ('missing' in transport) return Response.json(transport, { status: 500 })
    return Response.json(await transport.send(ctx, { ...mail, from: transport.from }))
  },
} satisfies ExportedHandler<Env>
