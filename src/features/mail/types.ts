import type { Ctx } from '../../context.ts'

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

export interface StoredMail extends Mail {
  readonly createdAt: number
}

/** A way to send mail. It rejects when the mail was not taken. */
export interface Mailer {
  send(ctx: Ctx, mail: Mail): Promise<void>
}
