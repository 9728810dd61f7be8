import type { Page } from '../../../../http/page.ts'
import { DAY } from '../../../../lib/time.ts'
import type { PageFrame } from '../../../localization/service/texts.ts'
import { say, titleOf } from '../../../sign-in/wire/pages.tsx'
import { ButtonLink } from '../parts.tsx'
import { accountPage, Form, type Opening, Part } from './parts.tsx'
import { at, type Visit } from './visit.ts'

/** When the data are erased, counted from now. */
const graceOf = (frame: PageFrame, days: number): string => frame.texts.duration(days * DAY)

export async function dataPage({ ctx, frame }: Visit, opening: Opening): Promise<Page> {
  const days = ctx.config.DELETION_GRACE_DAYS
  const ready = opening.export
  return accountPage({
    frame,
    section: 'data',
    opening,
    children: (
      <>
        <Part frame={frame} id="copy" heading="page.account.export" text="page.account.export_text">
          {ready === undefined ? (
            <Form frame={frame} name="export" submit="page.account.export_submit" />
          ) : (
            <>
              <p class="notice" role="status">
                {say(frame, 'page.account.export_ready')}
              </p>
              <ButtonLink href={at(frame, `/account/data/${ready}`)}>
                {say(frame, 'page.account.export_download')}
              </ButtonLink>
            </>
          )}
        </Part>
        <Part frame={frame} id="deletion" heading="page.account.delete">
          <p>
            {days === 0
              ? say(frame, 'page.account.delete_at_once')
              : say(frame, 'page.account.delete_text', { grace: graceOf(frame, days) })}
          </p>
          <Form frame={frame} name="delete" submit="page.account.delete" isSecond>
            <label class="check" for="sure">
              <input id="sure" name="sure" type="checkbox" value="yes" required />
              {say(frame, 'page.account.delete_sure')}
            </label>
          </Form>
        </Part>
      </>
    ),
  })
}

const deletionText = (frame: PageFrame, days: number) =>
  days === 0
    ? say(frame, 'page.account.deleted_at_once')
    : say(frame, 'page.account.deleted_text', { grace: graceOf(frame, days) })

/** The account is deleted, and can still be restored. `isHeld`: a legal hold keeps the data, and nobody knows how long. */
export const deletedPage = (frame: PageFrame, days: number, isHeld: boolean): Page => ({
  frame,
  title: titleOf(frame, 'page.account.deleted'),
  body: <p>{isHeld ? say(frame, 'page.account.deleted_held') : deletionText(frame, days)}</p>,
})
