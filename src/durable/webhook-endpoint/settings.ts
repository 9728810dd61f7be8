import type { RecordedEvent } from '../../lib/event.ts'
import { matchesPattern } from '../../lib/matching.ts'
import { SECOND } from '../../lib/time.ts'
import type { WebhookSettings } from '../rpc.ts'

/** A copy that is older is not used. */
const COPY_MS = 5 * SECOND

/** The endpoint's row, as it was at most five seconds ago. Null: it is gone. */
export interface SettingsCopy {
  /** Throws when the row cannot be read and the copy is too old. */
  current(): Promise<WebhookSettings | null>
  reload(): Promise<WebhookSettings | null>
}

export function createSettingsCopy(load: () => Promise<WebhookSettings | null>, clock: () => number): SettingsCopy {
  let copy: { readonly order: number; readonly at: number; readonly settings: WebhookSettings | null } | null = null
  let begun = 0

  async function reload(): Promise<WebhookSettings | null> {
    begun += 1
    const order = begun
    const at = clock()
    const settings = await load()
    // Of two reads at once the one that began later has seen more.
    if (!copy || order > copy.order) copy = { order, at, settings }
    return copy.settings
  }

  return {
    reload,
    async current() {
      return copy && clock() - copy.at < COPY_MS ? copy.settings : reload()
    },
  }
}

/** The name under which the endpoint gets the event; undefined when it does not want it. */
export function nameOf({ subscriptions }: Pick<WebhookSettings, 'subscriptions'>, type: string): string | undefined {
  const found = subscriptions.find(({ pattern }) => matchesPattern(pattern, type))
  return found && (found.alias ?? type)
}

/** An endpoint is told of its own gaps whatever it has subscribed to. */
export const isOwnGap = ({ id }: Pick<WebhookSettings, 'id'>, { type, subject }: RecordedEvent): boolean =>
  type === 'webhook.gap' && subject === id

/** Whether the event is of the endpoint's log: no other is taken, whoever hands it over. */
export function isInScope({ topic }: Pick<WebhookSettings, 'topic'>, event: RecordedEvent): boolean {
  if (topic === 'platform') return true
  return topic === `organization:${event.organizationId}` || topic === `user:${event.userId}`
}
