import { type ActorCtx, actorOf, type Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import { PARTS, type Part, type Person, type Piece, type Section } from '../../../db/user-data.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { confirmedEmailOf, findUser } from '../../users/service/users.ts'
import { selectExport } from '../store/requests.ts'
import type { DataRequest } from '../tables.ts'
import type { ExportFormat } from '../types.ts'
import { requestNotFound } from './requests.ts'

/** A data export: what it is, and the sections that it consists of, in the order of its parts. */
export interface DataExport {
  readonly request: DataRequest
  readonly sections: readonly Section[]
}

/**
 * An export, for the session that asked and with a fresh factor: its address alone opens nothing. Throws DATA_REQUEST_NOT_FOUND, for
 * another session and after a day, too, and what `requireFreshFactor` throws.
 */
export async function getDataExport(ctx: ActorCtx, id: string, sections: readonly Section[]): Promise<DataExport> {
  await requireFreshFactor(ctx)
  const request = await selectExport(ctx, { id, userId: ctx.actor.id, sessionId: ctx.actor.sessionId })
  if (!request) throw requestNotFound()
  return { request, sections: sections.toSorted((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part)) }
}

export interface Download extends DataExport {
  readonly format: ExportFormat
  readonly part: Part | null
  /** Pages of a section, read when they are asked for. */
  readonly read: (section: Section) => AsyncIterable<readonly Piece[]>
}

/** Begins a download, of all or of one part. The event is written before anything is read. Throws what `getDataExport` throws. */
export async function startDownload(
  ctx: ActorCtx,
  {
    id,
    part,
    format: asked,
    sections,
  }: { id: string; part: Part | null; format: ExportFormat | undefined; sections: readonly Section[] },
): Promise<Download> {
  const { request, sections: all } = await getDataExport(ctx, id, sections)
  // All of it is one document.
  const format = asked ?? (part === null ? 'json' : (request.format ?? 'json'))
  await record(ctx, {
    type: 'privacy.exported',
    subject: request.id,
    userId: request.userId,
    actor: actorOf(ctx),
    sessionId: ctx.actor.sessionId,
    data: { part, format },
  })
  const user = await findUser(ctx, ctx.actor.id)
  const person: Person = { id: ctx.actor.id, email: user ? confirmedEmailOf(user) : null }
  return {
    request,
    sections: part === null ? all : all.filter((section) => section.part === part),
    format,
    part,
    read: (section) => section.pages(ctx satisfies Ctx, person),
  }
}
