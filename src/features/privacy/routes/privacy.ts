import type { ActorCtx } from '../../../context.ts'
import type { Section, UserData } from '../../../db/user-data.ts'
import { answer, created, ok, response } from '../../../http/answers.ts'
import { admin, confirmedUser, user } from '../../../http/guard.ts'
import { arrayOf, rangeOf } from '../../../http/list.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { notFound, organizationNotFound, rateLimited } from '../../../lib/errors.ts'
import { lastOwner } from '../../organizations/service/membership-changes.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { FactorsInput } from '../../sign-in/wire/session.ts'
import { lastAdmin, userStateConflict } from '../../users/service/users.ts'
import {
  changePrivacySettings,
  consentNotFound,
  getPrivacySettings,
  giveConsent,
  listConsents,
  tooManySwitches,
  withdrawConsent,
} from '../service/consents.ts'
import { getDataExport, startDownload } from '../service/exports.ts'
import { erasureBegun, holdNotFound, listHolds, placeHold, releaseHold } from '../service/holds.ts'
import {
  askAboutData,
  changeDataRequest,
  listDataRequests,
  requestClosed,
  requestNotExtendable,
  requestNotFound,
} from '../service/requests.ts'
import {
  ConsentBody,
  ConsentsAnswer,
  SettingsAnswer,
  SettingsBody,
  toConsent,
  toPurpose,
  toSwitches,
  WithdrawalBody,
} from '../wire/consents.ts'
import {
  answerData,
  answerDownload,
  DataDocument,
  DataOfRequest,
  DownloadQuery,
  ManifestShape,
  StartedExportShape,
} from '../wire/exports.ts'
import { HoldBody, HoldShape, HoldsQuery, toHold } from '../wire/holds.ts'
import {
  complied,
  DeletionBody,
  NewExportBody,
  NewRequestBody,
  RequestChangeBody,
  RequestPath,
  RequestShape,
  RequestsQuery,
  toDeletion,
  toNewExport,
  toNewRequest,
  toRequestChange,
} from '../wire/requests.ts'

export const privacyRoutes = createRoutes({ prefix: '/api/v1/compliance', tag: 'privacy', guard: confirmedUser })

privacyRoutes.get(
  '/privacy/data-subject-requests',
  {
    id: 'listDataRequests',
    summary: "The caller's requests about their data, those of everybody for admins of the platform; newest first",
    query: RequestsQuery,
    answer: ok(arrayOf(RequestShape), 'A page of requests'),
    aliases: [{ path: '/data-subject-requests', id: 'listDataSubjectRequests' }],
  },
  ({ ctx, query: { status, request_type: type, ...range } }) => listDataRequests(ctx, { status, type }, range),
)

const RequestAnswer = complied('DataRequestAnswer', 'The request is recorded', RequestShape)
const askErrors = [rateLimited, notFound, lastAdmin, lastOwner, userStateConflict, requestClosed, ...freshFactorErrors]

privacyRoutes.post(
  '/privacy/data-subject-requests',
  {
    id: 'askAboutData',
    summary: 'Ask about the own data: access, portability, erasure, rectification, restriction, objection',
    description:
      'Access and portability are ready at once, as a data export; erasure deletes the account; admins answer the others in thirty days. Needs a fresh factor.',
    isWrite: everyCall,
    body: NewRequestBody,
    answer: created(RequestAnswer, 'The request'),
    errors: askErrors,
    aliases: [{ path: '/data-subject-request', id: 'createDataSubjectRequest' }],
  },
  ({ ctx, body }) => askAboutData(ctx, toNewRequest(body)),
)

privacyRoutes.patch(
  '/privacy/data-subject-requests/:id',
  {
    id: 'changeDataRequest',
    summary: 'Answer a request, or extend it once by sixty days with a reason that the person reads',
    guard: admin,
    params: RequestPath,
    body: RequestChangeBody,
    answer: ok(complied('ChangedDataRequest', 'The request is changed', RequestShape), 'The request'),
    errors: [requestNotFound, requestClosed, requestNotExtendable],
  },
  ({ ctx, params, body }) => changeDataRequest(ctx, { id: params.id, ...toRequestChange(body) }),
)

privacyRoutes.post(
  '/privacy/data-deletion',
  {
    id: 'askForErasure',
    summary: "Delete the caller's account: sessions end at once, the data are erased after the grace period",
    body: DeletionBody,
    answer: answer(202, complied('DataDeletionAnswer', 'The account is deleted', RequestShape), 'The request'),
    errors: askErrors,
  },
  ({ ctx, body }) => askAboutData(ctx, toDeletion(body)),
)

const exportSpec = {
  summary: 'Ask for a copy of all data of the caller: ready at once, for a day, in this session',
  isWrite: everyCall,
  body: NewExportBody,
  answer: answer(202, StartedExportShape, 'Where it is'),
  errors: [rateLimited, ...freshFactorErrors],
}

privacyRoutes.post('/privacy/data-export', { id: 'startDataExport', ...exportSpec }, ({ ctx, body }) =>
  askAboutData(ctx, toNewExport(body)),
)

/** Where a guide of Janua has it. */
export const unversionedExportRoutes = createRoutes({ prefix: '/api/compliance', tag: 'privacy', guard: confirmedUser })

unversionedExportRoutes.post(
  '/data-export',
  { id: 'startDataExportUnversioned', instead: 'startDataExport', ...exportSpec },
  ({ ctx, body }) => askAboutData(ctx, toNewExport(body)),
)

/** HEAD, which scanners send, is checked as GET is, but reads nothing, and no event says that it did. */
async function download(
  ctx: ActorCtx,
  { method }: Request,
  wanted: Parameters<typeof startDownload>[1],
  write = answerDownload,
): Promise<Response> {
  if (method !== 'HEAD') return write(ctx, await startDownload(ctx, wanted))
  await getDataExport(ctx, wanted.id, wanted.sections)
  return new Response()
}

/** `sections`: what an export consists of. Passed in, because features above this one hold data, too. */
export function createExportRoutes(sections: readonly Section[]) {
  const routes = createRoutes({ prefix: '/api/v1/compliance', tag: 'privacy', guard: confirmedUser })
  const errors = [requestNotFound, ...freshFactorErrors]

  routes.get(
    '/privacy/data-export/:id',
    {
      id: 'getDataExport',
      summary: 'What a data export consists of. In the session that asked for it, with a fresh factor',
      params: RequestPath,
      answer: ok(ManifestShape, 'Its parts'),
      errors,
    },
    ({ ctx, params }) => getDataExport(ctx, params.id, sections),
  )

  routes.get(
    '/privacy/data-export/:id/download',
    {
      id: 'downloadDataExport',
      summary: 'A data export as one JSON document, or one part of it as JSON or CSV',
      params: RequestPath,
      query: DownloadQuery,
      answer: response(200, 'The data, streamed', { schema: DataDocument }),
      errors,
    },
    ({ ctx, request, params, query: { part = null, format } }) =>
      download(ctx, request, { id: params.id, part, format, sections }),
  )

  routes.get(
    '/data-subject-request/:id/data',
    {
      id: 'getDataOfRequest',
      summary: 'The document of a data export under `data`',
      params: RequestPath,
      answer: response(200, 'The data, streamed', { schema: DataOfRequest }),
      errors,
    },
    ({ ctx, request, params }) =>
      download(ctx, request, { id: params.id, part: null, format: 'json', sections }, answerData),
  )
  return routes
}

privacyRoutes.get(
  '/consent',
  { id: 'listConsents', summary: "The caller's consents", guard: user, answer: ok(ConsentsAnswer, 'The consents') },
  ({ ctx }) => listConsents(ctx),
)

privacyRoutes.post(
  '/consent',
  {
    id: 'giveConsent',
    summary: 'Consent to a purpose, in a version of its text',
    isWrite: everyCall,
    body: ConsentBody,
    answer: ok(ConsentsAnswer, 'The consents'),
  },
  ({ ctx, body }) => giveConsent(ctx, toConsent(body)),
)

privacyRoutes.post(
  '/consent/withdraw',
  {
    id: 'withdrawConsent',
    summary: 'Withdraw the consent to a purpose',
    isWrite: everyCall,
    body: WithdrawalBody,
    answer: ok(ConsentsAnswer, 'The consents'),
    errors: [consentNotFound],
  },
  ({ ctx, body }) => withdrawConsent(ctx, toPurpose(body)),
)

privacyRoutes.get(
  '/privacy-settings',
  {
    id: 'getPrivacySettings',
    summary: "The caller's privacy settings",
    guard: user,
    answer: ok(SettingsAnswer, 'Them'),
  },
  ({ ctx }) => getPrivacySettings(ctx),
)

privacyRoutes.put(
  '/privacy-settings',
  {
    id: 'changePrivacySettings',
    summary: 'Change privacy settings: switches that applications read, twenty at most',
    isWrite: everyCall,
    body: SettingsBody,
    answer: ok(SettingsAnswer, 'All of them'),
    errors: [tooManySwitches],
  },
  ({ ctx, body }) => changePrivacySettings(ctx, toSwitches(body)),
)

privacyRoutes.get(
  '/holds',
  {
    id: 'listLegalHolds',
    summary: 'Legal holds, newest first',
    guard: admin,
    query: HoldsQuery,
    answer: ok(rangeOf('holds', HoldShape), 'A page of holds'),
  },
  async ({ ctx, query: { active: isActive, ...range } }) => ({
    rows: await listHolds(ctx, { isActive }, range),
    ...range,
  }),
)

privacyRoutes.post(
  '/holds',
  {
    id: 'placeLegalHold',
    summary: 'Keep all data of a user, or of an organization and its members, until the hold is released',
    description: 'Deletion is still accepted and ends access; erasing and pruning wait. Needs a fresh factor.',
    guard: admin,
    body: HoldBody,
    answer: created(HoldShape, 'The hold'),
    errors: [notFound, organizationNotFound, erasureBegun, ...freshFactorErrors],
  },
  ({ ctx, body }) => placeHold(ctx, toHold(body)),
)

/** `userData`: what each feature holds of a user. Passed in, because features above this one hold data, too. */
export function createReleaseRoutes(userData: readonly UserData[]) {
  const routes = createRoutes({ prefix: '/api/v1/compliance', tag: 'privacy', guard: admin })
  routes.delete(
    '/holds/:id',
    {
      id: 'releaseLegalHold',
      summary: 'Release a legal hold: what waited for it goes on',
      params: RequestPath,
      query: FactorsInput.query,
      body: FactorsInput.body,
      answer: ok(HoldShape, 'The hold'),
      errors: [holdNotFound, ...freshFactorErrors],
    },
    ({ ctx, params, body, query }) =>
      releaseHold(ctx, { id: params.id, given: FactorsInput.merge(body, query), userData }),
  )
  return routes
}
