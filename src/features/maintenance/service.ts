import type { Ctx } from '../../context.ts'
import { commit } from '../../db/commit.ts'
import { type DomainError, defineError } from '../../lib/errors.ts'
import type { EventActor } from '../../lib/event.ts'
import { isolateSlot } from '../../lib/isolate.ts'
import { SECOND } from '../../lib/time.ts'
import { selectMaintenance, upsertMaintenance } from './store.ts'

export const underMaintenance = defineError('MAINTENANCE', 'unavailable', 'The service is under maintenance')

/** Whether sign-ups and sign-ins are closed, and the message for people who try. */
export interface Maintenance {
  readonly enabled: boolean
  readonly message: string | null
}

/** How long an isolate goes on with what it has read. */
const MEMORY_MS = 3 * SECOND

const OFF: Maintenance = { enabled: false, message: null }

const memoryOf = isolateSlot<{ state: Maintenance; readAt: number }>('maintenance', () => ({
  state: OFF,
  readAt: Number.NEGATIVE_INFINITY,
}))

/** As the database had it at most three seconds ago. */
export async function readMaintenance(ctx: Pick<Ctx, 'db' | 'now' | 'isolate'>): Promise<Maintenance> {
  const memory = memoryOf(ctx)
  const now = ctx.now()
  if (Math.abs(now - memory.readAt) < MEMORY_MS) return memory.state
  const state = (await selectMaintenance(ctx)) ?? OFF
  memory.state = state
  memory.readAt = now
  return state
}

/**
 * During maintenance no session can begin. The caller decides on exceptions. Live sessions go on, and so does a sign-in whose
 * first factor came before. Returns MAINTENANCE with the message that was set, or null.
 */
export async function findMaintenance(ctx: Pick<Ctx, 'db' | 'now' | 'isolate'>): Promise<DomainError | null> {
  const { enabled, message } = await readMaintenance(ctx)
  if (!enabled) return null
  return underMaintenance({}, message === null ? {} : { message })
}

/** Opens or closes the door, with `admin.maintenance_changed`. What stands so already is no change. */
export async function setMaintenance(ctx: Ctx, state: Maintenance, actor: EventActor): Promise<void> {
  const before = (await selectMaintenance(ctx)) ?? OFF
  await commit(ctx, upsertMaintenance(ctx, state), {
    type: 'admin.maintenance_changed',
    subject: 'postern',
    userId: null,
    actor,
    data: { before, after: state },
  })
  const memory = memoryOf(ctx)
  memory.state = state
  memory.readAt = ctx.now()
}
