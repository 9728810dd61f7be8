import { randomBytes } from 'node:crypto'
import type { PosternUser } from './fixtures.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** How long answers take for addresses that have an account and for others, in milliseconds. */
export interface Existence {
  readonly path: string
  readonly known: Spread
  readonly unknown: Spread
  /** The share of all times that lies where both kinds have some: 1 when a time reveals nothing. */
  readonly overlap: number
}

const PATHS = ['signin', 'forgot-password', 'resend-verification', 'magic-link'] as const

const nobody = (): string => `nobody.${randomBytes(8).toString('hex')}@example.com`

async function timed(base: URL, path: string, email: string): Promise<number> {
  const body = path === 'signin' ? { email, password: 'not the password' } : { email }
  const began = performance.now()
  const answer = await fetch(new URL(`/api/v1/auth/${path}`, base), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'cf-connecting-ip': `2001:db8:${randomBytes(2).toString('hex')}::1`,
    },
    body: JSON.stringify(body),
  })
  await answer.arrayBuffer()
  const expected = path === 'signin' ? 401 : 200
  if (answer.status !== expected) throw new Error(`${path} answered ${answer.status}`)
  return performance.now() - began
}

function overlapOf(a: readonly number[], b: readonly number[]): number {
  const [low, high] = [Math.max(Math.min(...a), Math.min(...b)), Math.min(Math.max(...a), Math.max(...b))]
  return [...a, ...b].filter((time) => time >= low && time <= high).length / (a.length + b.length)
}

/** Asks about each user and about an address without an account in turn: whatever the machine does, it does to both. */
export async function measureExistence(base: URL, users: readonly PosternUser[]): Promise<Existence[]> {
  const results: Existence[] = []
  for (const path of PATHS) {
    const known: number[] = []
    const unknown: number[] = []
    for (const { email } of users) {
      known.push(await timed(base, path, email))
      unknown.push(await timed(base, path, nobody()))
    }
    results.push({ path, known: spreadOf(known), unknown: spreadOf(unknown), overlap: overlapOf(known, unknown) })
  }
  return results
}
