import { Html, html } from '../../../lib/html.ts'

export interface MailPage {
  readonly title: string
  readonly language: string
  readonly dir: 'ltr' | 'rtl'
  /** Paragraphs as text. */
  readonly before: readonly string[]
  readonly button: { readonly href: string; readonly label: string; readonly hint: string } | null
  readonly after: readonly string[]
}

const BODY =
  'font-family:sans-serif;font-size:16px;line-height:1.5;color:#222;max-width:560px;margin:24px auto;padding:0 16px;overflow-wrap:anywhere'
const BUTTON = 'background:#222;color:#fff;padding:12px 20px;border-radius:6px;text-decoration:none'

const join = (parts: readonly Html[], between: string): Html => new Html(parts.map(({ text }) => text).join(between))

function paragraph(text: string): Html {
  const lines = text.split('\n').map((line) => html`${line}`)
  return html`<p style="margin:0 0 16px">${join(lines, '<br>')}</p>`
}

const action = ({ href, label, hint }: NonNullable<MailPage['button']>): Html[] => [
  html`<p style="margin:24px 0"><a href="${href}" style="${BUTTON}">${label}</a></p>`,
  paragraph(hint),
  html`<p style="margin:0 0 16px"><a href="${href}">${href}</a></p>`,
]

/** The HTML part of a mail. It has no image, script or style sheet that a mail program would fetch. */
export function renderPage({ title, language, dir, before, button, after }: MailPage): string {
  const parts = [...before.map(paragraph), ...(button ? action(button) : []), ...after.map(paragraph)]
  return html`<!doctype html>
<html lang="${language}" dir="${dir}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body style="${BODY}">
${join(parts, '\n')}
</body>
</html>
`.text
}
