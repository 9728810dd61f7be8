import { parseArgs } from 'node:util'
import type { Place } from './database.ts'
import { localState } from './project.ts'
import { Refusal } from './refusal.ts'
import { nearestName } from './spelling.ts'

interface Option {
  /** What stands behind it (`--port N`); without it the option is a flag. */
  readonly value?: string
  readonly about: string
}

interface Operand {
  readonly name: string
  readonly about: string
  readonly isOptional?: true
  /** Takes all that follow. */
  readonly isRepeated?: true
}

/** What a script's user may write behind its name. `run.mjs` prints it for `--help`. */
export interface Command {
  /** `npm run admin:create`. */
  readonly call: string
  readonly about: string
  readonly options?: Readonly<Record<string, Option>>
  readonly operands?: readonly Operand[]
}

/** For the `options` of scripts that work on a database. */
export const REMOTE = { remote: { about: 'the deployed database instead of the one of this machine' } } as const

type Values<C extends Command> = {
  readonly [K in keyof NonNullable<C['options']>]?: NonNullable<C['options']>[K] extends { value: string }
    ? string
    : true
}

const HELP: Option = { about: 'this text' }

const optionForm = (name: string, { value }: Option): string => `--${name}${value ? ` ${value}` : ''}`

function operandForm({ name, isOptional, isRepeated }: Operand): string {
  const form = isRepeated ? `${name}…` : name
  return isOptional ? `[${form}]` : form
}

/** The one line of a script's usage. */
export function usageOf({ call, options = {}, operands = [] }: Command): string {
  const parts = [
    ...operands.map(operandForm),
    ...Object.entries(options).map(([name, option]) => `[${optionForm(name, option)}]`),
  ]
  return parts.length === 0 ? call : `${call} -- ${parts.join(' ')}`
}

export function helpOf(command: Command): string {
  const { about, options = {}, operands = [] } = command
  const rows = [
    ...operands.map((operand) => [operandForm(operand), operand.about] as const),
    ...Object.entries({ ...options, help: HELP }).map(
      ([name, option]) => [optionForm(name, option), option.about] as const,
    ),
  ]
  const width = Math.max(...rows.map(([form]) => form.length))
  return [
    `Usage: ${usageOf(command)}`,
    '',
    about,
    '',
    ...rows.map(([form, text]) => `  ${form.padEnd(width)}  ${text}`),
  ].join('\n')
}

function refuseOption(command: Command, rawName: string): never {
  const known = Object.keys({ ...command.options, help: HELP }).map((name) => name.toUpperCase())
  const nearest = nearestName(rawName.replace(/^-+/, ''), known)
  const hint = nearest.edits <= 2 ? `, did you mean --${nearest.name.toLowerCase()}?` : ':'
  throw new Refusal(`${rawName} is no option here${hint} ${command.call} -- --help lists them`)
}

/** What a script's user wrote, as `main` gets it. */
export interface Arguments<C extends Command> {
  readonly values: Values<C>
  readonly operands: readonly string[]
}

/** Reads what stands behind a script's name. Refuses what its command does not list. */
export function readArguments<const C extends Command>(command: C, args: readonly string[]): Arguments<C> {
  const { options = {}, operands = [] } = command
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value }]) => [name, { type: value ? 'string' : 'boolean' } as const]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const values: Record<string, string | true> = {}
  const given: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') given.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (!option) refuseOption(command, token.rawName)
    const isMissing = token.value === undefined || (!token.inlineValue && token.value.startsWith('-'))
    if (option.value && isMissing) throw new Refusal(`--${token.name} needs a value: ${optionForm(token.name, option)}`)
    if (!option.value && token.value !== undefined) throw new Refusal(`--${token.name} takes no value`)
    values[token.name] = token.value ?? true
  }
  const most = operands.some(({ isRepeated }) => isRepeated) ? Number.POSITIVE_INFINITY : operands.length
  const least = operands.filter(({ isOptional }) => !isOptional).length
  if (given.length < least) throw new Refusal(`${operands[given.length]?.name} is missing: ${usageOf(command)}`)
  if (given.length > most)
    throw new Refusal(`${given[most]} is not understood; npm takes options behind \`--\` alone: ${usageOf(command)}`)
  return { values: values as Values<C>, operands: given }
}

/** Which database a script works on. */
export const placeOf = ({ remote }: { readonly remote?: true }): Place =>
  remote ? { at: 'remote' } : { at: 'local', persistTo: localState() }
