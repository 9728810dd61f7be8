import type { Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { DAY } from '../../../lib/time.ts'
import { countRefusals } from '../../federation/service/callback.ts'
import { claimOnce, findOneTimeToken } from '../../links/service.ts'
import { rememberLogout } from '../../sessions/service/ending.ts'
import { ssoLogoutInvalid } from '../errors.ts'
import {
  type ExpectedLogout,
  type OpenedLogout,
  openLogoutForm,
  openLogoutQuery,
  type ProvedLogoutRequest,
  readLogoutRequest,
  readLogoutResponse,
  unprovedName,
} from '../saml/logout.ts'
import { newMessageId, writeLogoutRequest, writeLogoutResponse } from '../saml/messages.ts'
import { redirectTo } from '../saml/redirect.ts'
import type { Reason, Refused } from '../saml/refusal.ts'
import { findConnectionOfAny } from '../store/connections.ts'
import { selectOfEntity, selectOpened } from '../store/logouts.ts'
import { samlLogoutOf } from './addresses.ts'
import { type SeenSaml, seen } from './configuration.ts'
import { endOf } from './ended-sessions.ts'
import { readNames } from './origin.ts'
import { providerNameOf } from './provider.ts'
import { signingKey } from './saml-keys.ts'

/** A message as it came: the query as it was received, byte by byte, or the fields of a form. */
export type LogoutMessage =
  | { readonly query: string }
  | { readonly form: { readonly value: string; readonly relayState: string | null } }

const openMessage = (name: 'LogoutRequest' | 'LogoutResponse', message: LogoutMessage) =>
  'query' in message
    ? openLogoutQuery(name, message.query)
    : openLogoutForm(name, message.form.value, message.form.relayState)

function refused(ctx: Pick<Ctx, 'log'>, reason: Reason | 'unknown_connection' | 'repeated'): DomainError {
  ctx.log.info('saml_logout_refused', { reason })
  return ssoLogoutInvalid()
}

function orThrow<T extends object>(ctx: Ctx, read: T | Refused): T {
  if ('refused' in read) throw refused(ctx, read.refused)
  return read
}

const certificatesOf = ({ certificates }: SeenSaml) => certificates.map(({ certificate }) => certificate)

const expectedOf = (ctx: Ctx, connection: SeenSaml): ExpectedLogout => ({
  entityId: connection.issuer,
  certificates: certificatesOf(connection),
  sloUrl: samlLogoutOf(ctx),
  now: ctx.now(),
})

/** Several organizations may have one provider. */
const CONNECTIONS = 10

interface Proved {
  readonly connections: readonly SeenSaml[]
  readonly request: ProvedLogoutRequest
}

/** The connections of that issuer whose keys verify the request. It is verified once, by the keys of all: the digest is what costs. */
async function prove(ctx: Ctx, opened: OpenedLogout): Promise<Proved> {
  const of = { entity: opened.issuer, subjectHash: await hashSecret(unprovedName(opened)) }
  const rows = await selectOfEntity(ctx, of, CONNECTIONS)
  const candidates = rows.map((row) => seen(ctx, row)).filter((one) => one.protocol === 'saml')
  const [first] = candidates
  if (!first) throw refused(ctx, 'unknown_connection')
  const certificates = [...new Set(candidates.flatMap(certificatesOf))]
  const proved = orThrow(ctx, readLogoutRequest(opened, { ...expectedOf(ctx, first), certificates }))
  const hasSigned = (one: SeenSaml) => certificatesOf(one).some((each) => proved.certificates.includes(each))
  return { connections: candidates.filter(hasSigned), request: proved.request }
}

/** Longer than a request is taken. */
const REMEMBERED_MS = DAY

/**
 * Ends the sessions that a provider's request names, and gives the address of our answer; null for a provider that has none, or
 * whose configurations name several.
 * No cookie is asked: the signature is the authority. Throws SSO_LOGOUT_INVALID.
 */
export async function takeLogoutRequest(ctx: Ctx, message: LogoutMessage): Promise<string | null> {
  const opened = orThrow(ctx, await openMessage('LogoutRequest', message))
  // Not counted: any page could have its visitors' logouts refused. The limit of all requests bounds the work.
  const { connections: proved, request } = await prove(ctx, opened)
  const keyOf = ({ id }: SeenSaml) => JSON.stringify(['saml', id, request.id])
  const used = await Promise.all(proved.map((one) => findOneTimeToken(ctx, 'sso_logout_seen', keyOf(one))))
  const connections = proved.filter((_, at) => !used[at])
  const [first] = connections
  if (!first) throw refused(ctx, 'repeated')
  const { isComplete, connection } = await endNamed(ctx, connections, request)
  // Behind the sessions: after an outage the provider may send the same request.
  if (isComplete)
    for (const one of connections)
      await claimOnce(ctx, 'sso_logout_seen', { key: keyOf(one), lifetimeMs: REMEMBERED_MS })
  // Whoever configures another's entity and certificate, with an address of their own, gets nobody's browser.
  const isOneAddress = proved.every(({ metadata }) => metadata.sloUrl === first.metadata.sloUrl)
  if (!isOneAddress) return null
  return answerTo(ctx, connection ?? first, { request, relayState: opened.relayState, isPartial: !isComplete })
}

interface Ended {
  /** False when not every object answered. */
  readonly isComplete: boolean
  /** The first that had such a session. */
  readonly connection: SeenSaml | undefined
}

/** Two organizations may have one provider: what it names ends in each of them. */
async function endNamed(
  ctx: Ctx,
  connections: readonly SeenSaml[],
  { nameId, sessionIndexes }: ProvedLogoutRequest,
): Promise<Ended> {
  const subjectHash = await hashSecret(nameId)
  const sessionHashes = await Promise.all(sessionIndexes.map(hashSecret))
  const ids = connections.map(({ id }) => id)
  await rememberLogout(ctx, { connectionIds: ids, subjectHash, sessionHashes })
  const opened = await selectOpened(ctx, { ids, subjectHash, sessionHashes })
  const named = opened.flatMap(({ connectionId, providerSessionHash }) => {
    const connection = connections.find(({ id }) => id === connectionId)
    return connection ? { connection, providerSessionHash } : []
  })
  const done = await Promise.allSettled(
    named.map(({ connection, providerSessionHash }) => endOf(ctx, connection, { subjectHash, providerSessionHash })),
  )
  for (const one of done) if (one.status === 'rejected') ctx.log.error('saml_logout_incomplete', one.reason)
  const had = connections.find((one) => named.some(({ connection }) => connection === one))
  return { isComplete: done.every(({ status }) => status === 'fulfilled'), connection: had }
}

async function answerTo(
  ctx: Ctx,
  { metadata, ownEntityId }: SeenSaml,
  { request, relayState, isPartial }: { request: ProvedLogoutRequest; relayState: string | null; isPartial: boolean },
): Promise<string | null> {
  const { sloUrl } = metadata
  if (sloUrl === null) return null
  const xml = writeLogoutResponse({
    id: newMessageId(),
    issuedAt: ctx.now(),
    destination: sloUrl,
    entityId: ownEntityId,
    inResponseTo: request.id,
    isPartial,
  })
  const { privateKey } = await signingKey(ctx)
  return redirectTo({ address: sloUrl, parameter: 'SAMLResponse', xml, relayState, privateKey })
}

/** A request of ours for a session that has ended; null where the provider has no such address any more, or no root secret opens the names. */
export async function logoutAt(
  ctx: Ctx,
  { metadata, ownEntityId, id }: SeenSaml,
  sealed: string,
): Promise<{ readonly requestId: string; readonly urlFor: (state: string) => Promise<string> } | null> {
  const { sloUrl } = metadata
  if (sloUrl === null) return null
  const names = await readNames(ctx, { connectionId: id, sealed }).catch((cause: unknown) => {
    ctx.log.error('sso_names_not_opened', cause, { connection: id })
    return null
  })
  if (!names) return null
  const { subject, session, name } = names
  const requestId = newMessageId()
  const xml = writeLogoutRequest({
    id: requestId,
    issuedAt: ctx.now(),
    destination: sloUrl,
    entityId: ownEntityId,
    name: { nameId: subject, format: null, nameQualifier: null, spNameQualifier: null, ...name },
    sessionIndex: session,
  })
  const { privateKey } = await signingKey(ctx)
  return {
    requestId,
    urlFor: (state) => redirectTo({ address: sloUrl, parameter: 'SAMLRequest', xml, relayState: state, privateKey }),
  }
}

/** The state of an answer to our request, which names its row. Throws SSO_LOGOUT_INVALID. */
export async function openLogoutResponse(
  ctx: Ctx,
  message: LogoutMessage,
): Promise<OpenedLogout & { readonly relayState: string }> {
  const opened = orThrow(ctx, await openMessage('LogoutResponse', message))
  const { relayState } = opened
  if (relayState === null) throw refused(ctx, 'in_response_to')
  return { ...opened, relayState }
}

/** Whether it answers our request of that id. Throws SSO_LOGOUT_INVALID. */
export async function requireLogoutResponse(
  ctx: Ctx,
  opened: OpenedLogout,
  { connectionId, requestId }: { connectionId: string; requestId: string },
): Promise<void> {
  const row = await findConnectionOfAny(ctx, connectionId)
  const connection = row && seen(ctx, row)
  if (connection?.protocol !== 'saml') throw refused(ctx, 'unknown_connection')
  const { isComplete } = await countRefusals(ctx, { provider: providerNameOf(connection) }, async () =>
    orThrow(ctx, readLogoutResponse(opened, { ...expectedOf(ctx, connection), requestId })),
  )
  if (!isComplete) ctx.log.info('saml_logout_partial', { connection: connectionId })
}
