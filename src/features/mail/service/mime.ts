import MailComposer from 'nodemailer/lib/mail-composer'
import type { OutgoingMail } from '../types.ts'

/**
 * The mail as an RFC 5322 message with text and HTML. Names and subjects become encoded words, lines are folded,
 * and the same mail always gives the same bytes.
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
    // RFC 3834 2: tells autoresponders not to answer.
    headers: { 'Auto-Submitted': 'auto-generated' },
    // Without these nodemailer could treat content as a path or URL to read.
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: '\r\n',
  })
  return composer.compile().build()
}
