import MailComposer from 'nodemailer/lib/mail-composer'
import type { OutgoingMail } from '../types.ts'

/**
 * The mail as an RFC 5322 message with text and HTML. Names and subjects become encoded words, lines are folded,
 * and the same mail gives the same bytes at every delivery.
 */
export function composeMessage({ id, messageId, from, to, subject, text, html, createdAt }: OutgoingMail) {
  const composer = new MailComposer({
    from: { name: from.name, address: from.address },
    to: { name: '', address: to },
    subject,
    text,
    html,
    messageId,
    date: new Date(createdAt),
    baseBoundary: id,
    // RFC 3834 2: nobody's out-of-office answers a mail of a machine.
    headers: { 'Auto-Submitted': 'auto-generated' },
    // A string is content here, never a path or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: '\r\n',
  })
  return composer.compile().build()
}
