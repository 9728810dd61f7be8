import { expect, it } from 'vitest'
import { json } from '../../support/app.ts'
import { waitForMails } from '../../support/mail.ts'
import { newEmail, signUpUser } from '../../support/users.ts'
import { app, erase, placesOf, run } from './erasure-support.ts'

it('erasing a user leaves nothing in the mailbox of an address that the user only asked for', async () => {
  const user = await signUpUser(app)
  await waitForMails(app, user.email)
  const wanted = newEmail()
  const change = { ...json({ email: wanted }, user.headers), method: 'PATCH' }
  expect((await app.fetch('/api/v1/users/me', change)).status).toBe(200)
  await app.settled()
  await waitForMails(app, wanted)
  expect(await placesOf(wanted)).toContain('mailbox.recipient')
  expect(await erase(user.user.id)).toMatchObject({ erased: true })
  expect(await placesOf(wanted)).toEqual([])
})

it('erasing a user deletes mails that were sent to the address before the account existed', async () => {
  const email = newEmail()
  expect((await app.fetch('/api/v1/auth/magic/send', json({ email }))).status).toBe(200)
  await app.settled()
  await waitForMails(app, email)
  const { user } = await signUpUser(app, { email })
  await app.settled()
  await waitForMails(app, email, 2)
  await run('update users set email_verified_at = 1 where id = ?', user.id)
  expect(await placesOf(email)).toEqual(
    expect.arrayContaining(['mailbox.recipient', 'mails.recipient', 'one_time_tokens.email']),
  )
  expect(await erase(user.id)).toMatchObject({ erased: true })
  expect(await placesOf(email)).toEqual([])
})
