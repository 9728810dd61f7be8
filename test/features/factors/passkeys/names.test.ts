import { describe, expect, it } from 'vitest'
import { env } from '../../../support/app.ts'
import { SoftwareAuthenticator } from '../../../support/authenticator.ts'
import { waitForMail } from '../../../support/mail.ts'
import { type SignedInUser, signUpUser } from '../../../support/users.ts'
import { addPasskey, answerOf, app, beginRegistration, post, send } from './support.ts'

const LURE = 'Your account is closed, see https://evil.example'

async function addNamed(user: SignedInUser, name: string): Promise<void> {
  const authenticator = await SoftwareAuthenticator.make()
  const credential = await authenticator.create(await beginRegistration(user))
  await answerOf(await post('register/complete', { credential, name }, user.headers))
}

/** Without the mails of the sign-up. */
async function withEmptyMailbox(): Promise<SignedInUser> {
  const user = await signUpUser(app)
  await app.settled()
  await env.DB.prepare('delete from mails where recipient = ?').bind(user.email).run()
  return user
}

describe('the name of a passkey', () => {
  it('is in no mail to an unproven address, which may be a stranger’s', async () => {
    const user = await withEmptyMailbox()
    await addNamed(user, LURE)
    const { text, html } = await waitForMail(app, user.email)
    expect(text).toContain('a passkey or an authenticator app')
    expect(`${text}${html}`).not.toContain('evil')
  })

  it('is in the mail to a proven address', async () => {
    const user = await withEmptyMailbox()
    await env.DB.prepare('update users set email_verified_at = 1 where id = ?').bind(user.user.id).run()
    await addNamed(user, 'Blue key')
    expect((await waitForMail(app, user.email)).text).toContain('Passkey (Blue key)')
  })

  it.each(['a\0b', 'a\r\nb', '\ud800', '\u001b[31m'])('takes no control characters: %j', async (name) => {
    const user = await signUpUser(app)
    const { passkeyId } = await addPasskey(user)
    expect((await post('register/begin', { name }, user.headers)).status).toBe(422)
    expect((await send('PATCH', `/${passkeyId}`, user.headers, { name })).status).toBe(422)
  })
})
