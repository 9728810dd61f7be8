import type { Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { DAY } from '../../../lib/time.ts'
import { countRefusals } from '../../federation/service/callback.ts'
import { claimOnce, findOneTimeToken } from '../../links/service.ts'
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
import { findConnectionOfAny, selectOfEntity } from '../store/connections.ts'
import { samlLogoutOf } from './addresses.ts'
import { type SeenSaml, seen } from './configuration.ts'
import { endOf, type Named } from './ended-sessions.ts'
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

const expectedOf = (ctx: Ctx, { issuer, certificates }: SeenSaml): ExpectedLogout => ({
  entityId: issuer,
  certificates: certificates.map(({ certificate }) => certificate),
  sloUrl: samlLogoutOf(ctx),
  now: ctx.now(),
})

/** Several organizations may have one provider. */
const CONNECTIONS = 10

interface Proved {
  readonly connection: SeenSaml
  readonly request: ProvedLogoutRequest
}

/** The connection of that issuer whose key verifies the request. */
async function prove(ctx: Ctx, opened: OpenedLogout): Promise<Proved> {
  const of = { entity: opened.issuer, subjectHash: await hashSecret(unprovedName(opened)) }
  const rows = await selectOfEntity(ctx, of, CONNECTIONS)
  const connections = rows.map((row) => seen(ctx, row)).filter((one) => one.protocol === 'saml')
  let reason: Reason | 'unknown_connection' = 'unknown_connection'
  for (const connection of connections) {
    const read = readLogoutRequest(opened, expectedOf(ctx, connection))
    if ('request' in read) return { connection, request: read.request }
    reason = read.refused
  }
  throw refused(ctx, reason)
}

/** Longer than a request is taken. */
const REMEMBERED_MS = DAY

/**
 * Ends the sessions that a provider's request names, and gives the address of our answer; null for a provider that has none.
 * No cookie is asked: the signature is the authority. Throws SSO_LOGOUT_INVALID.
 */
export async function takeLogoutRequest(ctx: Ctx, message: LogoutMessage): Promise<string | null> {
  const opened = orThrow(ctx, await openMessage('LogoutRequest', message))
  // Not counted: any page could have its visitors' logouts refused. The limit of all requests bounds the work.
  const { connection, request } = await prove(ctx, opened)
  const key = JSON.stringify(['saml', connection.id, request.id])
  if (await findOneTimeToken(ctx, 'sso_logout_seen', key)) throw refused(ctx, 'repeated')
  const isComplete = await endNamed(ctx, connection, request)
  // Behind the sessions: after an outage the provider may send the same request.
  if (isComplete) await claimOnce(ctx, 'sso_logout_seen', { key, lifetimeMs: REMEMBERED_MS })
  return answerTo(ctx, connection, { request, relayState: opened.relayState, isPartial: !isComplete })
}

/** False when not every object answered. */
async function endNamed(
  ctx: Ctx,
  connection: SeenSaml,
  { nameId, sessionIndexes }: ProvedLogoutRequest,
): Promise<boolean> {
  const subjectHash = await hashSecret(nameId)
  const sessions = sessionIndexes.length === 0 ? [null] : await Promise.all(sessionIndexes.map(hashSecret))
  const named: Named[] = sessions.map((providerSessionHash) => ({ subjectHash, providerSessionHash }))
  const done = await Promise.allSettled(named.map((one) => endOf(ctx, connection, one)))
  for (const one of done) if (one.status === 'rejected') ctx.log.error('saml_logout_incomplete', one.reason)
  return done.every(({ status }) => status === 'fulfilled')
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
