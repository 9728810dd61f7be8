import { expect, it } from 'vitest'
import { json } from '../../support/app.ts'
import { newAddress, newEmail, signUpUser } from '../../support/users.ts'
import { app } from './support.ts'

const ROUNDS = 24

interface Distribution {
  readonly min: number
  readonly median: number
  readonly max: number
  readonly times: readonly number[]
}

function describeTimes(all: readonly number[]): Distribution {
  const times = all.toSorted((a, b) => a - b)
  return { min: times[0] ?? 0, median: times[Math.floor(times.length / 2)] ?? 0, max: times.at(-1) ?? 0, times }
}

/** The share of both samples that lies where both have some: 1 when a time tells nothing. */
function overlapOf(a: Distribution, b: Distribution): number {
  const [low, high] = [Math.max(a.min, b.min), Math.min(a.max, b.max)]
  const inside = [...a.times, ...b.times].filter((time) => time >= low && time <= high)
  return inside.length / (a.times.length + b.times.length)
}

async function timed(path: string, email: string): Promise<{ took: number; text: string }> {
  const began = performance.now()
  const answer = await app.fetch(`/api/v1/auth/${path}`, json({ email }, { 'cf-connecting-ip': newAddress() }))
  const text = `${answer.status} ${[...answer.headers.keys()].sort().join()} ${await answer.text()}`
  return { took: performance.now() - began, text }
}

it.each(['forgot-password', 'resend-verification', 'magic/send'])(
  '%s tells nobody by status, headers, body or time who exists',
  async (path) => {
    const users = await Promise.all(Array.from({ length: ROUNDS }, () => signUpUser(app)))
    await app.settled()
    const known: number[] = []
    const unknown: number[] = []
    const texts = new Set<string>()
    // Interleaved: whatever the machine does meanwhile, it does to both.
    for (const { email } of users) {
      for (const [address, times] of [
        [email, known],
        [newEmail(), unknown],
      ] as const) {
        const { took, text } = await timed(path, address)
        times.push(took)
        texts.add(text)
      }
    }
    const [a, b] = [describeTimes(known), describeTimes(unknown)]
    const overlap = overlapOf(a, b)
    const show = ({ min, median, max }: Distribution) => [min, median, max].map((time) => time.toFixed(1)).join(' / ')
    console.log(
      `${path}: known ${show(a)} ms, unknown ${show(b)} ms (min / median / max), overlap ${overlap.toFixed(2)}`,
    )
    expect(texts.size).toBe(1)
    expect(Math.min(a.min, b.min)).toBeGreaterThanOrEqual(399)
    expect(Math.abs(a.median - b.median)).toBeLessThan(40)
    expect(overlap).toBeGreaterThan(0.5)
  },
  120_000,
)
