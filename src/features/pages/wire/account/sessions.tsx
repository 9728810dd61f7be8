import type { SessionSnapshot } from '../../../../durable/rpc.ts'
import type { Page } from '../../../../http/page.ts'
import { describeUserAgent } from '../../../../lib/user-agent.ts'
import { listActivity, listAlerts } from '../../../account/service/activity.ts'
import type { PageFrame } from '../../../localization/service/texts.ts'
import { listOwnSessions } from '../../../sessions/service/own.ts'
import { say } from '../../../sign-in/wire/pages.tsx'
import { accountPage, Form, type Opening, Part, Thing, Things } from './parts.tsx'
import type { Visit } from './visit.ts'

const ACTIVITIES = 10
const ALERTS = 10

/** Browser and operating system, as the browser says; the words are names, the same in every language. */
function deviceOf(frame: PageFrame, { userAgent }: SessionSnapshot) {
  const { browser, os } = describeUserAgent(userAgent)
  const known = [browser, os].filter((name) => name !== null)
  return known.length === 0 ? say(frame, 'page.account.device_unknown') : known.join(' · ')
}

/** The country in words. The platform also says `T1` for Tor, and `XX` where it does not know. */
function countryOf({ language }: PageFrame, country: string): string {
  const isCode = /^[A-Z]{2}$/.test(country)
  return (isCode && new Intl.DisplayNames([language], { type: 'region' }).of(country)) || country
}

const placeOf = (frame: PageFrame, { country, ip }: SessionSnapshot): string =>
  [country === null ? null : countryOf(frame, country), ip].filter((part) => part !== null).join(' · ')

export async function sessionsPage({ ctx, frame, browser }: Visit, opening: Opening): Promise<Page> {
  const [sessions, alerts, { activities }] = await Promise.all([
    listOwnSessions(ctx, { withEnded: false }),
    listAlerts(ctx),
    listActivity(ctx, { limit: ACTIVITIES }),
  ])
  const others = sessions.filter(({ id }) => id !== browser.session.id)
  return accountPage({
    frame,
    section: 'sessions',
    opening,
    children: (
      <>
        <Part frame={frame} id="alerts" heading="page.account.alerts">
          {alerts.length === 0 && <p class="note">{say(frame, 'page.account.alerts_none')}</p>}
          <ul class="things">
            {alerts.slice(0, ALERTS).map(({ type, severity, time, locations }) => {
              const key = `page.alert.${type}`
              return (
                <li class={`alert ${severity}`}>
                  <div>
                    <strong>{say(frame, frame.texts.isKey(key) ? key : 'page.alert.other')}</strong>
                    <span class="fact">{frame.texts.time(time)}</span>
                    {locations.length > 0 && (
                      <span class="fact">{locations.map((country) => countryOf(frame, country)).join(', ')}</span>
                    )}
                  </div>
                </li>
              )
            })}
          </ul>
        </Part>
        <Part frame={frame} id="open" heading="page.account.sessions_open" text="page.account.sessions_text">
          <Things>
            {sessions.map((session) => (
              <Thing
                id={`session-${session.id}`}
                name={deviceOf(frame, session)}
                facts={[
                  session.id === browser.session.id && <em>{say(frame, 'page.account.session_this')}</em>,
                  placeOf(frame, session),
                  say(frame, 'page.account.used_at', { time: frame.texts.time(session.lastActiveAt) }),
                ]}
              >
                {session.id !== browser.session.id && (
                  <Form
                    frame={frame}
                    name="end-session"
                    hidden={{ id: session.id }}
                    submit="page.account.session_end"
                    about={`session-${session.id}`}
                    isSecond
                  />
                )}
              </Thing>
            ))}
          </Things>
          {others.length > 0 && <Form frame={frame} name="end-others" submit="page.account.sessions_end_others" />}
        </Part>
        <Part frame={frame} id="activity" heading="page.account.activity">
          <Things>
            {activities.map(({ session, type, time }) => (
              <Thing
                id={`activity-${session.id}`}
                name={say(frame, `page.account.activity_${type}`)}
                facts={[frame.texts.time(time), deviceOf(frame, session), placeOf(frame, session)]}
              />
            ))}
          </Things>
        </Part>
      </>
    ),
  })
}
