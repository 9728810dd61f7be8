import { narrow, type PlaceCtx } from '../../../../context.ts'
import type { Page } from '../../../../http/page.ts'
import { isRanked, type Rank, ranksUpTo, toRank } from '../../../../lib/roles.ts'
import { listInvitations, type SeenInvitation } from '../../../invitations/service/invitations.ts'
import type { PageFrame } from '../../../localization/service/texts.ts'
import { enterOrganization, LIMITS } from '../../../memberships/service.ts'
import { listMembers, type Member } from '../../../organizations/service/members.ts'
import { listOrganizationsOf } from '../../../organizations/service/organizations.ts'
import { say } from '../../../sign-in/wire/pages.tsx'
import { fullNameOf } from '../../../users/service/users.ts'
import { Field } from '../parts.tsx'
import { accountPage, Choice, Form, type Opening, Part, Thing, Things } from './parts.tsx'
import { at, type Visit } from './visit.ts'

export async function organizationsPage({ ctx, frame }: Visit, opening: Opening): Promise<Page> {
  const { rows } = await listOrganizationsOf(ctx, ctx.actor.id, { offset: 0, limit: LIMITS.organizationsPerUser })
  return accountPage({
    frame,
    section: 'organizations',
    opening,
    children: (
      <Part frame={frame} id="mine" heading="page.account.organizations_mine">
        {rows.length === 0 && <p class="note">{say(frame, 'page.account.organizations_none')}</p>}
        <Things>
          {rows.map(({ id, name, slug, userRole, membershipStatus }) => (
            <Thing
              id={`organization-${id}`}
              name={
                membershipStatus === 'active' ? (
                  <a href={at(frame, `/account/organizations/${id}`)}>{name || slug}</a>
                ) : (
                  name || slug
                )
              }
              facts={[
                userRole !== null && say(frame, `role.${userRole}`),
                membershipStatus === 'pending' && say(frame, 'page.account.membership_pending'),
              ]}
            >
              {membershipStatus === 'pending' && (
                <Form
                  frame={frame}
                  name="join"
                  hidden={{ organization_id: id }}
                  submit="page.account.join"
                  about={`organization-${id}`}
                />
              )}
              <Form
                frame={frame}
                name="leave"
                hidden={{ organization_id: id }}
                submit="page.account.leave"
                about={`organization-${id}`}
                isSecond
              />
            </Thing>
          ))}
        </Things>
      </Part>
    ),
  })
}

/** The first so many; more are for an application that pages. */
const SHOWN = 100

interface MemberProps {
  readonly frame: PageFrame
  readonly place: PlaceCtx['place']
  readonly member: Member
  readonly isSelf: boolean
}

/** A member, with what somebody of the caller's role may do. */
function MemberThing({ frame, place, member, isSelf }: MemberProps) {
  const { userId, email } = member
  const { organizationId } = place
  const id = `member-${userId}`
  const role = toRank(member.role)
  const mayChange = !isSelf && isRanked(place.rank, 'admin') && isRanked(place.rank, role)
  const about = { organization_id: organizationId, user_id: userId }
  return (
    <Thing
      id={id}
      name={fullNameOf(member) ?? email}
      facts={[
        email,
        say(frame, `role.${role}`),
        member.takenUpAt === null && say(frame, 'page.account.member_pending'),
      ]}
    >
      {mayChange && (
        <>
          <details>
            <summary aria-describedby={id}>{say(frame, 'page.account.member_change')}</summary>
            <Form frame={frame} name="member-role" hidden={about} submit="page.account.save" isSecond>
              <Choice
                frame={frame}
                id={`role-${userId}`}
                name="role"
                label="page.account.role"
                value={role}
                options={rolesFor(frame, place.rank)}
              />
            </Form>
            {place.rank === 'owner' && member.takenUpAt !== null && (
              <Form
                frame={frame}
                name="hand-over"
                hidden={about}
                submit="page.account.hand_over"
                about={`hand-${userId}`}
                isSecond
              >
                <p class="note" id={`hand-${userId}`}>
                  {say(frame, 'page.account.hand_over_text')}
                </p>
              </Form>
            )}
          </details>
          {role !== 'owner' && (
            <Form
              frame={frame}
              name="remove-member"
              hidden={about}
              submit="page.account.member_remove"
              about={id}
              isSecond
            />
          )}
        </>
      )}
    </Thing>
  )
}

const rolesFor = (frame: PageFrame, rank: Rank) =>
  ranksUpTo(rank).map((role) => ({ value: role, text: say(frame, `role.${role}`) }))

interface InvitationsProps {
  readonly frame: PageFrame
  readonly place: PlaceCtx['place']
  readonly invitations: readonly SeenInvitation[]
  readonly typed: Readonly<Record<string, string>>
}

const InvitationsPart = ({ frame, place, invitations, typed }: InvitationsProps) => (
  <Part frame={frame} id="invitations" heading="page.account.invitations">
    <Things>
      {invitations.map(({ id, email, role, expiresAt }) => (
        <Thing
          id={`invitation-${id}`}
          name={email}
          facts={[
            say(frame, `role.${toRank(role)}`),
            say(frame, 'page.account.invitation_until', { day: frame.texts.day(expiresAt) }),
          ]}
        >
          <Form
            frame={frame}
            name="resend-invitation"
            hidden={{ organization_id: place.organizationId, id }}
            submit="page.account.invitation_resend"
            about={`invitation-${id}`}
            isSecond
          />
          <Form
            frame={frame}
            name="revoke-invitation"
            hidden={{ organization_id: place.organizationId, id }}
            submit="page.account.invitation_revoke"
            about={`invitation-${id}`}
            isSecond
          />
        </Thing>
      ))}
    </Things>
    <Form
      frame={frame}
      name="invite"
      hidden={{ organization_id: place.organizationId }}
      submit="page.account.invite_submit"
    >
      <Field
        frame={frame}
        name="email"
        label="page.account.invite_email"
        type="email"
        autocomplete="off"
        value={typed.email ?? ''}
      />
      <Choice
        frame={frame}
        id="invite-role"
        name="role"
        label="page.account.role"
        value={typed.role ?? 'member'}
        options={rolesFor(frame, place.rank)}
      />
    </Form>
  </Part>
)

/** One organization: its members, and for admins its invitations. Throws what entering it throws. */
export async function organizationPage({ ctx, frame }: Visit, opening: Opening, organizationId: string): Promise<Page> {
  const entered = await enterOrganization(ctx, { id: organizationId }, 'viewer')
  const inside: PlaceCtx = narrow(ctx, { place: entered })
  const isAdmin = isRanked(entered.rank, 'admin')
  const range = { offset: 0, limit: SHOWN }
  const [{ rows: members, total }, invitations] = await Promise.all([
    listMembers(inside, { ...range, withRemoved: false }),
    isAdmin ? listInvitations(inside, { ...range, status: 'pending' }) : null,
  ])
  return accountPage({
    frame,
    section: 'organizations',
    opening,
    title: entered.name || entered.slug,
    children: (
      <>
        <Part frame={frame} id="members" heading="page.account.members">
          <p class="note">{say(frame, 'page.account.members_count', { count: total })}</p>
          <Things>
            {members.map((member) => (
              <MemberThing frame={frame} place={entered} member={member} isSelf={member.userId === ctx.actor.id} />
            ))}
          </Things>
        </Part>
        {invitations !== null && (
          <InvitationsPart
            frame={frame}
            place={entered}
            invitations={invitations.rows}
            typed={opening.refused?.form === 'invite' ? opening.refused.typed : {}}
          />
        )}
      </>
    ),
  })
}
