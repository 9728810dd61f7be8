import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker } from '../../../scripts/support/build.ts'
import { WRANGLER_ENV } from '../../../scripts/support/project.ts'
import type { Delivery } from '../../../src/features/mail/types.ts'
import type { SendInput } from './mail-worker.ts'
import { freePort } from './ports.ts'

export interface Transports {
  send(input: SendInput): Promise<Delivery>
  stop(): Promise<void>
}

const text = (value: string) => ({ type: 'plain_text', value }) as const

/** The mail transports in the real runtime, which trusts `authority` beside the world's. */
export async function startTransports(authority: string): Promise<Transports> {
  // The runtime's launcher reads it once, when it is loaded.
  Object.assign(process.env, WRANGLER_ENV, { NODE_EXTRA_CA_CERTS: authority })
  const { unstable_startWorker } = await import('wrangler')
  const folder = await mkdtemp(join(tmpdir(), 'postern-mail-'))
  // As the service is built, so that what composes and sends is what is deployed.
  await buildWorker({ entry: join(import.meta.dirname, 'mail-worker.ts'), folder: join(folder, 'dist') })
  await writeFile(
    join(folder, 'wrangler.toml'),
    [
      'name = "mail"',
      'main = "dist/index.mjs"',
      'base_dir = "dist"',
      'no_bundle = true',
      'find_additional_modules = true',
      'compatibility_date = "2026-11-01"',
      'compatibility_flags = ["nodejs_compat"]',
      '[[send_email]]',
      'name = "SEND_EMAIL"',
      '[[rules]]',
      'type = "ESModule"',
      'globs = ["**/*.mjs"]',
    ].join('\n'),
  )
  const port = await freePort()
  const worker = await unstable_startWorker({
    config: join(folder, 'wrangler.toml'),
    bindings: {
      MODE: text('local'),
      PUBLIC_URL: text('http://postern.test:8787'),
      ROOT_SECRET: text('a root secret that only this test uses, 0123456789'),
    },
    dev: { server: { hostname: '127.0.0.1', port }, inspector: false, persist: folder, watch: false, logLevel: 'none' },
  })
  await worker.ready
  return {
    async send(input) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(input) })
      const body = await answer.text()
      if (!answer.ok) throw new Error(`${answer.status} ${body}`)
      return JSON.parse(body) as Delivery
    },
    async stop() {
      await worker.dispose()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
