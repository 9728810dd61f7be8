import type { LoggedEvent, WebhookGap, WebhookSettings } from '../rpc.ts'
import { isInScope, isOwnGap, nameOf } from './settings.ts'
import type { EndpointState } from './state.ts'
import { MAX_WAITING, type Waiting } from './waiting.ts'

const grown = (gap: WebhookGap | null, events: number, now: number): WebhookGap => ({
  events: (gap?.events ?? 0) + events,
  from: gap?.from ?? now,
  to: now,
})

/**
 * Takes events of the endpoint's log: those that it wants wait. What its log no longer had, and what is too much, is a gap. Runs in a
 * `transactionSync`; repeats are recognized by their seq in the log.
 */
export function takeEvents(
  { waiting, state }: { waiting: Waiting; state: EndpointState },
  settings: WebhookSettings,
  events: readonly LoggedEvent[],
  now: number,
): void {
  let position = state.read('position')
  let gap = state.read('gap')
  let room = MAX_WAITING - waiting.count()
  for (const { seq, event } of events) {
    if (position !== null && seq <= position) continue
    if (position !== null && seq > position + 1) {
      gap = grown(gap, seq - position - 1, now)
      waiting.skipNumber()
    }
    position = seq
    const isWanted = isOwnGap(settings, event) || nameOf(settings, event.type) !== undefined
    if (!settings.isOpen || !isInScope(settings, event) || !isWanted) continue
    if (room > 0) {
      waiting.add(event, now)
      room -= 1
    } else if (!isOwnGap(settings, event)) {
      gap = grown(gap, 1, now)
      waiting.skipNumber()
    }
  }
  state.write('position', position)
  state.write('gap', gap)
}
