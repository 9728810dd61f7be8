import { DomainError } from './errors.ts'

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Structured logs: one JSON object a line. Never pass a body, a header or a query as a field. */
export interface Log {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, cause: unknown, fields?: LogFields): void
}

/** The class and stack frames of an error, not its message: that may contain SQL with parameters. */
function describeCause(cause: unknown): LogFields {
  if (cause instanceof DomainError) return { error: cause.name, error_code: cause.code }
  if (!(cause instanceof Error)) return { error: typeof cause }
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const inner = cause.cause instanceof Error ? cause.cause.name : undefined
  return { error: cause.name, error_cause: inner, stack: frames.slice(0, 6).join(' | ') }
}

export function createLog(base: LogFields): Log {
  const write = (level: 'info' | 'warn' | 'error', event: string, fields: LogFields) =>
    console[level](JSON.stringify({ level, event, ...base, ...fields }))
  return {
    info: (event, fields = {}) => write('info', event, fields),
    warn: (event, fields = {}) => write('warn', event, fields),
    error: (event, cause, fields = {}) => write('error', event, { ...describeCause(cause), ...fields }),
  }
}
