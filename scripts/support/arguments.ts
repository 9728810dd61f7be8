import { parseArgs } from 'node:util'
import type { Place } from './database.ts'
import { localState } from './project.ts'
import { Refusal } from './refusal.ts'

/** `--name value` for each of `names`, and `--remote`: the deployed database instead of this machine's. */
export function readArguments<N extends string>(
  args: readonly string[],
  names: readonly N[],
): { values: Readonly<Partial<Record<N, string>>>; place: Place } {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, remote: { type: 'boolean' } } })
    const { remote, ...texts } = values
    return {
      values: texts as Partial<Record<N, string>>,
      place: remote ? { at: 'remote' } : { at: 'local', persistTo: localState() },
    }
  } catch (cause) {
    throw new Refusal(cause instanceof Error ? cause.message : String(cause))
  }
}
