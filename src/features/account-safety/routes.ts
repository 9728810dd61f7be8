import { publicRoute, userRoute } from '../../http/guard.ts'
import { answerPage, renderErrorPage, requireOwnForm } from '../../http/page.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'
import { forbidden, serviceUnavailable } from '../../lib/errors.ts'
import { secondFactorErrors } from '../auth/service/older-factors.ts'
import { reportActivity } from '../auth/service/report.ts'
import { unlockedPage, unlockPage } from './pages.ts'
import { getLockedUser, linkInvalid, unlockAccount } from './service/lock.ts'
import { listActivity, listAlerts } from './service.ts'
import {
  ActivityList,
  ActivityQuery,
  AlertList,
  activityListToWire,
  alertsToWire,
  Done,
  doneToWire,
  ReportedAnswer,
  reportedToWire,
  TokenAndFactorBody,
  TokenBody,
  TokenQuery,
  toTokenAndProof,
} from './wire.ts'

export const accountSafetyRoutes = createRoutes({ prefix: '/api/v1', tag: 'account safety', renderError })

accountSafetyRoutes.get(
  '/sessions/security/alerts',
  {
    summary: 'What the caller should know of their account: the last 30 days, newest first',
    guard: userRoute,
    answers: { 200: { description: 'The alerts', schema: AlertList } },
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => Response.json(alertsToWire(await listAlerts(ctx))),
)

accountSafetyRoutes.get(
  '/sessions/activity/recent',
  {
    summary: "The last that is known of each of the caller's sessions, newest first",
    guard: userRoute,
    query: ActivityQuery,
    answers: { 200: { description: 'The activities', schema: ActivityList } },
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => Response.json(activityListToWire(await listActivity(ctx, query))),
)

accountSafetyRoutes.post(
  '/auth/report-activity',
  {
    summary: "Say with a mailed link's token that it was somebody else: all sessions end, the password stops working",
    guard: publicRoute,
    body: TokenAndFactorBody,
    invalidIs400: true,
    answers: { 200: { description: 'The account is secured', schema: ReportedAnswer } },
    errors: [linkInvalid, ...secondFactorErrors, serviceUnavailable],
  },
  async ({ ctx, body }) => Response.json(reportedToWire(await reportActivity(ctx, toTokenAndProof(body)))),
)

accountSafetyRoutes.post(
  '/auth/unlock-account',
  {
    summary: "Lift the lock after too many failed attempts with a mailed link's token",
    guard: publicRoute,
    body: TokenBody,
    invalidIs400: true,
    answers: { 200: { description: 'Passwords are allowed again', schema: Done } },
    errors: [linkInvalid, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await unlockAccount(ctx, body)
    return Response.json(doneToWire('Account unlocked'))
  },
)

/** Opening the page changes nothing, for mail scanners do: its form's POST does. */
export const accountSafetyPages = createRoutes({ prefix: '', tag: 'pages', renderError: renderErrorPage })

const page = { 200: { description: 'A page', contentType: 'text/html' } }

accountSafetyPages.get(
  '/unlock-account',
  {
    summary: 'Asks before an account is unlocked',
    guard: publicRoute,
    query: TokenQuery,
    invalidIs400: true,
    answers: page,
    errors: [linkInvalid, serviceUnavailable],
    hidden: true,
  },
  async ({ ctx, query }) => {
    await getLockedUser(ctx, query.token)
    return answerPage(unlockPage(query))
  },
)

accountSafetyPages.post(
  '/unlock-account',
  {
    summary: 'Lifts the lock after too many failed attempts',
    guard: publicRoute,
    body: TokenBody,
    encoding: 'form',
    invalidIs400: true,
    answers: page,
    errors: [forbidden, linkInvalid, serviceUnavailable],
    hidden: true,
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    await unlockAccount(ctx, body)
    return answerPage(unlockedPage)
  },
)
