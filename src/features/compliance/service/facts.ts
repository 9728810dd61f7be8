import type { Ctx } from '../../../context.ts'
import type { OrganizationRows } from '../../../db/user-data.ts'
import { DAY, MINUTE, SECOND, TimeoutError, within } from '../../../lib/time.ts'
import { listRootKeys } from '../../admin/service/system.ts'
import { verifyRecord } from '../../audit/service/verify.ts'
import { checkHealth, STORES } from '../../health/service.ts'
import { countUnerasedOrganizations } from '../../organizations/service/ownership.ts'
import { countLateRequests } from '../../privacy/service/requests.ts'
import { readRetention } from '../../retention/service.ts'
import {
  countUnerasedUsers,
  findBlockSince,
  findFormerSince,
  findSigningSince,
  selectAdmins,
  selectClosedAccounts,
  selectConnections,
  selectDeadLetters,
  selectDisabledWebhooks,
  selectExpiredAccess,
  selectMachines,
  selectMails,
  selectPlatformPatterns,
  selectRecordState,
  selectUndelivered,
  selectWeakHashes,
} from '../store/facts.ts'
import type { FactName, Facts, Gathered, GatheredFacts } from '../types.ts'
import { countOverdue } from './retention.ts'

const FACT_BOUND_MS = 5 * SECOND
/** For the blocks of a day, which may be thousands. */
const CHAIN_BOUND_MS = 25 * SECOND
/** No further blocks are begun then. */
const CHAIN_WORK_MS = 20 * SECOND

/** What each feature holds of an organization: passed in, because features above hold data, too. */
export type OrganizationData = readonly OrganizationRows[]

/** A fact that this deployment does not have, or not yet; the message stands in results. */
class NotKnown extends Error {
  override readonly name = 'NotKnown'
}

const NO_BLOCK = 'No block was made yet'

/** What a browser needs on every answer (docs/architecture.md). */
const HEADERS = [
  ['strict-transport-security', /max-age=[1-9]/],
  ['x-content-type-options', /nosniff/],
  ['content-security-policy', /default-src/],
  ['x-frame-options', /DENY/],
  ['cache-control', /no-store/],
] as const

/** How each fact is found. One query each, or one question to a part of the service. */
const FACTS: { readonly [N in FactName]: (ctx: Ctx, organizationData: OrganizationData) => Promise<Facts[N]> } = {
  settings: async ({ config }) => config,
  admins: selectAdmins,
  closedAccounts: selectClosedAccounts,
  expiredAccess: selectExpiredAccess,
  machines: selectMachines,
  connections: selectConnections,
  passwords: selectWeakHashes,
  lockout: tryGuard,
  signingKey: readSigningKey,
  seals: countFormerSeals,
  formerSecret: readFormerSecret,
  ownAnswer: askOwnAddress,
  chain: verifyDay,
  async record(ctx) {
    const state = await selectRecordState(ctx)
    if (!state) throw new NotKnown(NO_BLOCK)
    return state
  },
  copies: selectPlatformPatterns,
  delivery: selectUndelivered,
  deadLetters: selectDeadLetters,
  mails: selectMails,
  webhooks: selectDisabledWebhooks,
  async stores(ctx) {
    const report = await checkHealth(ctx)
    return { unhealthy: STORES.filter((name) => report.checks[name].condition !== 'healthy').length }
  },
  retention: readRetention,
  pruning: async (ctx) => ({ overdue: await countOverdue(ctx) }),
  async erasures(ctx, organizationData) {
    const before = ctx.now() - DAY
    const groups = await countUnerasedOrganizations(ctx, before, organizationData)
    return { overdue: (await countUnerasedUsers(ctx, before)) + groups }
  },
  requests: async (ctx) => ({ overdue: await countLateRequests(ctx) }),
}

/** One fact, in bounded time. Never rejects: whatever fails is a reason. */
export async function gatherFact<N extends FactName>(
  ctx: Ctx,
  name: N,
  organizationData: OrganizationData,
): Promise<Gathered<Facts[N]>> {
  try {
    return {
      value: await within(name === 'chain' ? CHAIN_BOUND_MS : FACT_BOUND_MS, FACTS[name](ctx, organizationData)),
    }
  } catch (cause) {
    if (cause instanceof NotKnown) return { reason: cause.message }
    ctx.log.error('fact_unknown', cause, { fact: name })
    return { reason: cause instanceof TimeoutError ? 'It took too long to find out' : 'It could not be found out' }
  }
}

/** All facts, one after another: together they would be a load of their own. */
export async function gatherFacts(ctx: Ctx, organizationData: OrganizationData): Promise<GatheredFacts> {
  const gathered: [string, Gathered<unknown>][] = []
  for (const name of Object.keys(FACTS) as FactName[])
    gathered.push([name, await gatherFact(ctx, name, organizationData)])
  return Object.fromEntries(gathered) as unknown as GatheredFacts
}

const MOST_ATTEMPTS = 11

/** Fails to sign in to an account that does not exist until the guard locks it: what anybody who guesses meets. */
async function tryGuard({ objects, newId }: Ctx): Promise<Facts['lockout']> {
  const account = `probe:${newId()}`
  const guard = objects.guard(account)
  let attempts = 0
  while (attempts < MOST_ATTEMPTS) {
    const id = newId()
    const { allowed } = await guard.attempt({ account, network: 'probe', id })
    if (!allowed) break
    await guard.fail({ account, id })
    attempts += 1
  }
  await guard.unlock({ account })
  return { attempts }
}

async function readSigningKey(ctx: Ctx): Promise<Facts['signingKey']> {
  const since = await findSigningSince(ctx)
  if (since === undefined) throw new NotKnown('No key signs yet')
  return { overdueDays: Math.max(0, Math.floor((ctx.now() - since) / DAY) - ctx.config.KEY_ROTATION_DAYS) }
}

async function countFormerSeals(ctx: Ctx): Promise<Facts['seals']> {
  const others = (await listRootKeys(ctx)).filter(({ state }) => state !== 'current')
  return {
    former: others.reduce(
      (sum, { id: _, state: __, ...counts }) => Object.values(counts).reduce((all, count) => all + count, sum),
      0,
    ),
  }
}

/** The id of the former root secret that is still accepted. */
export const formerRootKeyOf = ({ config: { rootKeys } }: Pick<Ctx, 'config'>): string | null =>
  rootKeys.all.find(({ id }) => id !== rootKeys.current.id)?.id ?? null

async function readFormerSecret(ctx: Ctx): Promise<Facts['formerSecret']> {
  const id = formerRootKeyOf(ctx)
  const since = id === null ? undefined : await findFormerSince(ctx, id)
  if (since === undefined) return { overdueDays: 0 }
  const longest = Math.ceil((ctx.config.SESSION_ABSOLUTE_SECONDS * SECOND) / DAY)
  return { overdueDays: Math.max(0, Math.floor(ctx.now() / DAY) - since - longest) }
}

/** Asks the service as the world does, by its public address. */
async function askOwnAddress({ config, fetch }: Ctx): Promise<Facts['ownAnswer']> {
  const answer = await fetch(`${config.PUBLIC_URL}/liveness`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(FACT_BOUND_MS),
  })
  await answer.body?.cancel()
  return { missing: HEADERS.filter(([name, form]) => !form.test(answer.headers.get(name) ?? '')).length }
}

/** Recomputes the blocks of the last day, and of the hour before it. */
async function verifyDay(ctx: Ctx): Promise<Facts['chain']> {
  const started = ctx.now()
  let findings = 0
  let next: number | null | undefined = await findBlockSince(ctx, started - DAY - 60 * MINUTE)
  if (next === undefined) throw new NotKnown(NO_BLOCK)
  while (next !== null) {
    const verified = await verifyRecord(ctx, { from: next })
    // A head that was lost with a restore: what was written since is gone.
    findings += verified.findings.length + verified.restored.length
    next = verified.next
    // One finding is enough; without one, half a day proves nothing.
    if (findings > 0) break
    if (next !== null && ctx.now() - started > CHAIN_WORK_MS)
      throw new NotKnown('There are more blocks than one run recomputes; POST /api/v1/audit-logs/verify does')
  }
  return { findings }
}
