import { setTimeout } from 'node:timers/promises'
import type { Script } from './load/closed-loop.ts'
import type { LoadProcess } from './load-process.ts'
import { median, type Spread, spreadOf } from './statistics.ts'
import { cpuTime } from './workerd-process.ts'

/** Something that is asked: where, and what each connection sends. */
export interface Contestant {
  readonly name: string
  readonly base: URL
  /** Or what makes those of each round, and of the warm-up. */
  readonly scripts: readonly Script[] | ((phase: 'warm-up' | 'round') => Promise<readonly Script[]>)
}

export interface Measured {
  readonly name: string
  readonly perSecond: Spread
  /** Milliseconds. */
  readonly p50: number
  readonly p95: number
  /** Microseconds of workerd's CPU an answer; null where the system does not tell. */
  readonly cpu: number | null
  /** Each round's answers a second. */
  readonly rounds: readonly number[]
}

export interface Rounds {
  readonly count: number
  readonly milliseconds: number
  /** Milliseconds of load before the first round, until the hot code is compiled. */
  readonly warmUp: number
  /** Milliseconds after a round in which what goes on after the answers is still counted as CPU. */
  readonly settle?: number | undefined
}

interface Round {
  readonly scripts: readonly Script[]
  readonly perSecond: number
  readonly p50: number
  readonly p95: number
  readonly cpu: number | null
}

async function measureOnce(
  load: LoadProcess,
  { name, base }: Contestant,
  scripts: readonly Script[],
  { milliseconds, settle = 0 }: Pick<Rounds, 'milliseconds' | 'settle'>,
): Promise<Round> {
  const before = await cpuTime()
  const result = await load.load({ host: base.hostname, port: Number(base.port), milliseconds, scripts })
  await setTimeout(settle)
  const after = await cpuTime()
  if (Object.keys(result.refused).length > 0) {
    throw new Error(`${name} refused: ${JSON.stringify(result.refused)} of ${result.answers}`)
  }
  return {
    scripts: result.scripts,
    perSecond: (result.answers * 1000) / result.milliseconds,
    p50: result.p50,
    p95: result.p95,
    cpu: before !== null && after !== null ? (after - before) / result.answers : null,
  }
}

/**
 * Measures the contestants in turn, round after round, every second round backwards: what else the machine does falls
 * on all of them alike.
 */
export async function compare(
  load: LoadProcess,
  contestants: readonly Contestant[],
  { count, milliseconds, warmUp, settle }: Rounds,
): Promise<Measured[]> {
  const rounds = new Map<string, Round[]>(contestants.map(({ name }) => [name, []]))
  // Each round goes on where the last one ended: a refresh token is spent once.
  const carriedOn = new Map<string, readonly Script[]>()
  const measure = async (contestant: Contestant, phase: 'warm-up' | 'round'): Promise<Round> => {
    const { name, scripts: given } = contestant
    const scripts = typeof given === 'function' ? await given(phase) : (carriedOn.get(name) ?? given)
    const duration = phase === 'round' ? milliseconds : warmUp
    const result = await measureOnce(load, contestant, scripts, { milliseconds: duration, settle })
    carriedOn.set(name, result.scripts)
    return result
  }
  for (const contestant of contestants) await measure(contestant, 'warm-up')
  for (let round = 0; round < count; round += 1) {
    for (const contestant of round % 2 === 0 ? contestants : [...contestants].reverse()) {
      rounds.get(contestant.name)?.push(await measure(contestant, 'round'))
    }
  }
  return [...rounds].map(([name, results]) => {
    const cpu = results.map((result) => result.cpu).filter((value) => value !== null)
    return {
      name,
      perSecond: spreadOf(results.map((result) => result.perSecond)),
      p50: median(results.map((result) => result.p50)),
      p95: median(results.map((result) => result.p95)),
      cpu: cpu.length === results.length ? median(cpu) : null,
      rounds: results.map((result) => result.perSecond),
    }
  })
}

/** How many times faster `ours` is than `theirs`, round by round: only rounds that stood side by side are divided. */
export const ratioOf = (ours: Measured, theirs: Measured): Spread =>
  spreadOf(ours.rounds.map((rate, round) => rate / (theirs.rounds[round] ?? Number.NaN)))
