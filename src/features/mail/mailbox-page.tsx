import type { Page } from '../../http/page.ts'
import type { MessageKey, PageFrame } from '../localization/service/texts.ts'
import type { StoredMail } from './types.ts'

/** As a mail program shows it: no script, and links open beside the mailbox. */
const frameOfMail = (mail: StoredMail, title: string) => (
  <iframe
    title={title}
    sandbox="allow-popups allow-popups-to-escape-sandbox"
    loading="lazy"
    srcdoc={mail.html.replace('<head>', '<head><base target="_blank">')}
  ></iframe>
)

/** The mails that local mode stored, newest first; the newest is open. */
export function mailboxPage(frame: PageFrame, mails: readonly StoredMail[], to: string | null): Page {
  const say = (key: MessageKey): string => frame.texts.text(key)
  const entry = (mail: StoredMail, index: number) => (
    <details open={index === 0}>
      <summary>
        {mail.subject} <span>{`· ${mail.to} · ${frame.texts.time(mail.createdAt)}`}</span>
      </summary>
      {frameOfMail(mail, mail.subject)}
      <details>
        <summary>{say('page.mailbox.as_text')}</summary>
        <pre>{mail.text}</pre>
      </details>
    </details>
  )
  return {
    frame,
    title: say('page.mailbox.title'),
    isWide: true,
    hasFrames: true,
    body: (
      <>
        <p>{say('page.mailbox.text')}</p>
        <form class="search" method="get" action="/dev/mailbox">
          <div>
            <label for="to">{say('page.mailbox.to')}</label>
            <input id="to" name="to" type="search" value={to ?? ''} autocomplete="off" />
          </div>
          <button type="submit">{say('page.mailbox.show')}</button>
        </form>
        {mails.length === 0 ? <p>{say('page.mailbox.empty')}</p> : mails.map(entry)}
      </>
    ),
  }
}
