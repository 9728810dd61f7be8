/**
 * English: it defines the keys of all catalogues, and the placeholders of each message. A count is a number that a plural
 * counts; every other placeholder is text.
 */
export const en = {
  'mail.greeting': 'Hello,',
  'mail.greeting_by_name': 'Hello {name},',
  'mail.unsaid.newEmail': 'another address',
  'mail.unsaid.factor': 'a passkey or an authenticator app',
  'mail.link_hint': 'If the button does not work, open this address in your browser:',
  'mail.footer': 'Sent by {app}, {url}. Nobody reads replies to this mail.',
  'mail.not_you': 'If this was not you, report it: all sessions of your account end, and you choose a new password.',

  'mail.ended.one_factor': 'Your other sessions were ended, except those in which a second factor was used.',
  'mail.ended.all': 'All sessions of the account were ended.',

  'mail.email_verification.subject': 'Confirm your email address for {app}',
  'mail.email_verification.body':
    'An account at {app} uses this address. Confirm that the address is yours. The link works for {lifetime}.',
  'mail.email_verification.action': 'Confirm the address',
  'mail.email_verification.note': 'If you did not create an account, ignore this mail: then nothing is confirmed.',

  'mail.email_change.subject': 'Confirm your new email address for {app}',
  'mail.email_change.body':
    'Somebody asked to use this address for an account at {app}. Confirm it to make the change. The link works for {lifetime}.',
  'mail.email_change.action': 'Confirm the new address',
  'mail.email_change.note': 'If you did not ask for this, ignore this mail: nothing changes.',

  'mail.email_change_notice.subject': 'The email address of your {app} account is about to change',
  'mail.email_change_notice.body':
    'Somebody who is signed in to your account at {app} asked to change its email address to {newEmail}. The change is made when that address is confirmed.',
  'mail.email_change_notice.action': 'This was not me',

  'mail.email_changed.subject': 'The email address of your {app} account was changed',
  'mail.email_changed.body':
    'Your account at {app} used this address until {time}. Its address is now {newEmail}. If that was not you, take the change back: the account gets this address again, all sessions end, sign-in factors that were added since then are removed, and you choose a new password. You can do so until {until}.',
  'mail.email_changed.action': 'Take the change back',
  'mail.email_changed.note':
    'If it was you, ignore this mail. Until then other notices about your account come to this address, too.',

  'mail.email_reverted.subject': 'The change of the email address of your {app} account was taken back',
  'mail.email_reverted.body':
    'Your account at {app} has the address {newEmail} again: somebody who reads the mails of that address took the change to this one back. All sessions were ended.',
  'mail.email_reverted.note': 'If that was not you, ask whoever runs {app}.',

  'mail.password_reset.subject': 'Reset your {app} password',
  'mail.password_reset.body':
    'Somebody asked to reset the password of your account at {app}. Choose a new password here. The link works once, for {lifetime}.',
  'mail.password_reset.action': 'Choose a new password',
  'mail.password_reset.note': 'If you did not ask for this, ignore this mail: your password stays as it is.',

  'mail.password_dropped.subject': 'Choose a new password for {app}',
  'mail.password_dropped.body':
    'You have an account at {app} whose password came from an earlier system and was not used for a long time. It no longer works. Choose a new one here. The link works once, for {lifetime}; after that, ask for another where you sign in.',
  'mail.password_dropped.action': 'Choose a new password',

  'mail.password_changed.subject': 'Your {app} password was changed',
  'mail.password_changed.body': 'The password of your account at {app} was changed. Your other sessions were ended.',
  'mail.password_changed.action': 'This was not me',

  'mail.magic_link.subject': 'Your sign-in link for {app}',
  'mail.magic_link.body': 'Sign in to {app} with this link. It works once, for {lifetime}.',
  'mail.magic_link.action': 'Sign in',
  'mail.magic_link.note': 'If you did not ask for this, ignore this mail. Do not share the link with anybody.',

  'mail.provider_email.subject': 'Confirm your address for {app}',
  'mail.provider_email.body':
    'Somebody signs in to {app} with {provider} and says that this is their address. If it was you, open this link. It works once, for {lifetime}.',
  'mail.provider_email.action': 'Confirm the address',
  'mail.provider_email.note': 'If it was not you, ignore this mail: nothing happens.',
  'mail.account_exists.subject': 'You already have an account at {app}',
  'mail.account_exists.body':
    'Somebody tried to create an account at {app} with this address, which already has one. If it was you, sign in, or reset your password if you do not know it: the link works once, for {lifetime}.',
  'mail.account_exists.action': 'Go to your account',
  'mail.account_exists.note': 'If it was not you, ignore this mail: nothing has changed.',

  'mail.deleted_account.subject': 'Your {app} account is being deleted',
  'mail.deleted_account.body':
    'Somebody asked for the account at {app} that has this address. It was deleted. Until {until} you can restore it; if you had confirmed it, you are asked for its password or its second factor.',
  'mail.deleted_account.action': 'Restore the account',
  'mail.deleted_account.note': 'If it is to stay deleted, ignore this mail.',

  'mail.deleted_by_admin.subject': 'Your {app} account is being deleted',
  'mail.deleted_by_admin.body':
    'Somebody asked for the account at {app} that has this address. It was deleted. Until {until} whoever runs {app} can restore it.',
  'mail.deleted_by_admin.note': 'If you did not ask for this, ignore this mail: nothing has changed.',

  'mail.new_device.subject': 'New sign-in to your {app} account',
  'mail.new_device.body':
    'Your account at {app} was used from a new device.\nDevice: {device}\nAddress: {ip}\nTime: {time}',
  'mail.new_device.action': 'This was not me',

  'mail.factor_added.subject': 'A sign-in factor was added to your {app} account',
  'mail.factor_added.body': 'Your account at {app} has a new factor for signing in: {factor}.',
  'mail.factor_added.action': 'This was not me',

  'mail.factor_removed.subject': 'A sign-in factor was removed from your {app} account',
  'mail.factor_removed.body': 'This factor for signing in was removed from your account at {app}: {factor}.',
  'mail.factor_removed.action': 'This was not me',

  'mail.backup_codes_replaced.subject': 'The backup codes of your {app} account were replaced',
  'mail.backup_codes_replaced.body': 'Your account at {app} has new backup codes. The old ones no longer work.',
  'mail.backup_codes_replaced.action': 'This was not me',

  'mail.mfa_recovery.subject': 'The second sign-in factor of your {app} account',
  'mail.mfa_recovery.body':
    'Somebody says that the second factor of your account at {app} is lost. Sign in with one of your backup codes and turn the factor off, or set it up again. Without a backup code, ask whoever runs {app}: a mail alone does not open an account.',
  'mail.mfa_recovery.note': 'If you did not ask for this, ignore this mail: nothing has changed.',

  'mail.account_locked.subject': 'Sign-in to your {app} account is locked for a while',
  'mail.account_locked.body':
    'There were too many failed attempts to sign in to your account at {app}. Until {until}, passwords are refused. Your open sessions are not affected.',
  'mail.account_locked.action': 'Unlock now',
  'mail.account_locked.note':
    'If the attempts were not yours: none of them succeeded. You are safest with a password that you use nowhere else.',

  'role.owner': 'owner',
  'role.admin': 'admin',
  'role.member': 'member',
  'role.viewer': 'viewer',

  'mail.invitation.subject': 'Invitation to “{organization}” at {app}',
  'mail.invitation.body':
    '{inviter} invites you to join “{organization}” at {app}. Your role would be: {role}. The invitation is good until {until}.',
  'mail.invitation.message': 'They write: “{message}”',
  'mail.invitation.action': 'See the invitation',
  'mail.invitation.note':
    'If you do not know them, ignore this mail: nothing happens. Do not share the link with anybody.',

  'mail.member_added.subject': 'You were added to “{organization}” at {app}',
  'mail.member_added.body':
    '{inviter} has added you to “{organization}” at {app}. Your role would be: {role}. It counts only once you have accepted: sign in to {app}, and accept or leave there until {until}.',
  'mail.member_added.note': 'If you do not know them, ignore this mail: they learn nothing about you.',

  'mail.organization_ownerless.subject': 'Organizations without an owner at {app}',
  'mail.organization_ownerless.body':
    'These organizations have lost their last owner, and no admin of theirs could take over: {organizations}. As an admin of {app} you can make a member the owner.',
  'mail.organization_ownerless.note':
    'This is said once. Until there is an owner, only admins of {app} can do what takes one.',

  'mail.sso_changed.subject': 'Single sign-on of “{organization}” at {app}',
  'mail.sso_changed.body': 'You own “{organization}” at {app}. {change} This was on {time}.',
  'mail.sso_changed.note': 'If you did not expect this, ask the other owners, and check who owns the organization.',
  'sso_change.created': 'Single sign-on was set up with {about}.',
  'sso_change.updated': 'The configuration of single sign-on was changed: {about}.',
  'sso_change.deleted': 'The configuration of single sign-on with {about} was deleted.',
  'sso_change.issuer_changed':
    'The metadata of your identity provider name another issuer than {about}. Nobody signs in through it until an owner has corrected the configuration.',
  'sso_change.certificate_added':
    'Your identity provider has published a new certificate, which is trusted from now on: {about}.',
  'sso_change.certificate_removed':
    'Your identity provider no longer publishes a certificate, which is trusted no more: {about}.',
  'sso_change.certificate_expiring':
    'A certificate of your identity provider ends soon: {about}. Sign-ins go on, but the provider will replace it: see that the new one is known here.',
  'sso_change.required': 'Members must now sign in through single sign-on ({about}).',
  'sso_change.optional': 'Members need not sign in through single sign-on any more ({about}).',
  'sso_about.break_glass': 'break glass is on',
  'sso_about.no_break_glass': 'break glass is off',
  'sso_change.domain_verified':
    'The domain {about} was verified: your identity provider now speaks for addresses in it.',
  'sso_change.domain_missing':
    'The DNS record that proves the domain {about} is gone. If it is not back within 7 days, the domain counts as unverified, and single sign-on ends for addresses in it.',
  'sso_change.domain_lost': 'The domain {about} is no longer verified: single sign-on has ended for addresses in it.',

  'mail.sso_break_glass.subject': 'A sign-in to “{organization}” at {app} without its identity provider',
  'mail.sso_break_glass.body':
    '“{organization}” requires single sign-on. On {time}, {who} signed in without it, as an owner with a password and a second factor, or as an admin of {app}.',
  'mail.sso_break_glass.note':
    'If nobody expected this, end the sessions of that account. This is said once an hour at most.',
  'mail.webhook_created.subject': 'A webhook was added to your {app} account',
  'mail.webhook_created.body': 'From now on, what happens to your account is also posted to {host}.',
  'mail.webhook_created.note':
    'If this was not you, delete the endpoint and change your password: whoever made it was signed in to your account.',
  'mail.webhook_disabled.subject': 'A webhook at {app} was turned off',
  'mail.webhook_disabled.body':
    'Events are no longer posted to {host}: the server answered that the address is gone, or every delivery has failed for five days.',
  'mail.webhook_disabled.note':
    'Events wait until the endpoint is turned on again, 10,000 at most. Delete it if it is no longer needed.',
  'mail.webhook_author_left.subject': 'A webhook at {app} goes on without its author',
  'mail.webhook_author_left.body':
    'Whoever made the webhook to {host} may no longer change it. Events are still posted there.',
  'mail.webhook_author_left.note':
    'If only that person could read what arrives there, change the address, or delete the endpoint. This is said once.',

  'mail.data_exported.subject': 'Your data at {app} was asked for',
  'mail.data_exported.body':
    'A copy of the data that {app} holds of you was asked for. For a day it can be downloaded in the session that asked, and nowhere else.',
  'mail.data_exported.action': 'This was not me',
  'mail.data_request_extended.subject': 'Your request at {app} takes longer',
  'mail.data_request_extended.body':
    'Your request about your data at {app} takes longer than thirty days. You get an answer by {until}. The reason:',
  'mail.data_request_extended.message': '“{message}”',
  'mail.data_request_answered.subject': 'Your request at {app} was answered',
  'mail.data_request_answered.body': 'An admin of {app} has answered your request about your data. {outcome}',
  'mail.data_request_answered.message': '“{message}”',
  'data_request.completed': 'It is done.',
  'data_request.rejected': 'It was refused.',
  'mail.data_requests_due.subject': 'Requests of people about their data at {app} are due',
  'mail.data_requests_due.body': 'Requests that wait for an answer: {count}. The first of them is due on {until}.',
  'mail.data_requests_due.note':
    'They have to be answered by then (GDPR 12(3)). This is said a week before the day, and on it.',

  'mail.account_closed.subject': 'Your {app} account was closed',
  'mail.account_closed.body': 'Your account at {app} was closed by an admin. Nobody can sign in to it.',
  'mail.account_closed.note': 'Whoever runs {app} can tell you why, and open it again.',

  'mail.account_reopened.subject': 'Your {app} account is open again',
  'mail.account_reopened.body': 'Your account at {app} was opened by an admin. You can sign in again.',

  'mail.account_deleted.subject': 'Your {app} account was deleted',
  'mail.account_deleted.body': 'Your account at {app} was deleted. Its data is erased on {until}.',
  'mail.account_deleted.note':
    'If this was not you, write to whoever runs {app} before then: the account can be restored.',

  'mail.account_kept.subject': 'Your {app} account was deleted',
  'mail.account_kept.body':
    'Your account at {app} was deleted, and is closed. Its data are kept while the law requires it (GDPR 17(3)), and are erased after that.',
  'mail.account_kept.note': 'If this was not you, write to whoever runs {app}.',

  'mail.account_restored.subject': 'Your {app} account was restored',
  'mail.account_restored.body':
    'The deletion of your account at {app} was undone. If an admin undid it, an admin also has to activate the account before you can sign in.',

  'notification.role_changed.title': 'Your role was changed',
  'notification.role_changed.message': 'Your role is now {role}. What you may do changes with your next token.',
  'notification.rights_changed.title': 'Your rights were changed',
  'notification.rights_changed.message': 'An admin has changed what you may do. It counts with your next token.',
  'notification.account_reactivated.title': 'Your account is active again',
  'notification.account_reactivated.message': 'You can sign in to your account again.',
  'notification.account_unlocked.title': 'Your account was unlocked',
  'notification.account_unlocked.message': 'The lock of your account was lifted. You can sign in again.',
  'notification.account_restored.title': 'Your account was restored',
  'notification.account_restored.message':
    'The deletion of your account was undone. An admin has to activate it before you can sign in.',
  'notification.factor_removed.title': 'A sign-in factor was removed',
  'notification.factor_removed.message':
    'An admin removed this factor from your account: {factor}. All sessions were ended.',
  'notification.password_changed.title': 'Your password was changed',
  'notification.password_changed.message': 'The password of your account was changed.',
  'notification.new_device.title': 'A new device signed in',
  'notification.new_device.message': 'Your account was used from a new device: {device}.',
  'notification.organization_role_changed.title': 'Your role in an organization was changed',
  'notification.organization_role_changed.message': 'You are now {role} of “{organization}”.',
  'notification.organization_member_removed.title': 'You are no longer in an organization',
  'notification.organization_member_removed.message': 'You were removed from “{organization}”.',
  'notification.invitation_accepted.title': 'Your invitation was accepted',
  'notification.invitation_accepted.message': 'Somebody whom you invited is now a member of “{organization}”.',

  'page.continue': 'Continue to {app}',
  'page.close': 'You can close this page.',
  'page.account': 'Account',
  'page.password': 'Password',
  'page.new_password': 'New password',
  'page.password_rule':
    'At least {min, plural, one {# character} other {# characters}}. Not your name or address, and no common password.',
  'page.show_password': 'Show password',
  'page.passkey_needed':
    'This also needs a passkey of your account, which this page cannot ask for. Ask whoever runs {app}.',
  'page.code': 'Code from your authenticator app, or a backup code',

  'page.verify_email.title': 'Confirm your address',
  'page.verify_email.made': 'An account was made with the address {email}.',
  'page.verify_email.changed': 'Somebody asked to change the address of their account to {email}.',
  'page.verify_email.question': 'Did you make this account on {day}?',
  'page.verify_email.yes': 'Yes, I made it',
  'page.verify_email.no': 'No, I did not',
  'page.verify_email.made_yes': '“Yes” confirms your address and changes nothing else.',
  'page.verify_email.made_no':
    '“No” gives the account to you: whoever made it is signed out, and their password and other ways to sign in stop working.',
  'page.verify_email.changed_yes': '“Yes” makes this the address of the account.',
  'page.verify_email.changed_no': '“No” refuses the change: the account does not get your address.',
  'page.already_verified.title': 'Already confirmed',
  'page.already_verified.text': '{email} is already confirmed.',
  'page.email_verified.title': 'Address confirmed',
  'page.email_verified.text': '{email} is confirmed.',
  'page.change_refused.title': 'Change refused',
  'page.change_refused.text': 'The account does not get the address {email}.',
  'page.taken_over.title': 'The account is yours',
  'page.taken_over.text':
    'Whoever made it is signed out, and their password and other ways to sign in stop working. Choose a password if you want to use the account. If not, close this page.',

  'page.reset_password.title': 'Choose a new password',
  'page.reset_password.submit': 'Set the password',
  'page.password_set.title': 'Password set',
  'page.password_set.text':
    'Your password is set, and all your sessions have ended. You can sign in with the new password.',
  'page.revert_email.title': 'Take the change back',
  'page.revert_email.text':
    'The address of your account becomes {email} again. All sessions end, every way to sign in that was added since the change is removed, and you choose a new password. This cannot be undone.',
  'page.restore_account.title': 'Restore your account',
  'page.restore_account.text': 'Your account is deleted but not erased yet. You can restore it as it was.',
  'page.restore_account.one_of': 'One of the following is enough.',
  'page.restore_account.submit': 'Restore the account',
  'page.account_restored.title': 'Account restored',
  'page.account_restored.text': 'Your account is restored. You can sign in again.',
  'page.report.title': 'This was not me',
  'page.report.text':
    'All sessions of your account end, its password stops working, and you choose a new one. If the mail was about a newly added way to sign in, that is removed.',
  'page.report.submit': 'Secure my account',
  'page.unlock.title': 'Unlock your account',
  'page.unlock.text':
    'After too many failed attempts, your account refuses passwords for a while. You can lift this lock now.',
  'page.unlock.submit': 'Unlock',
  'page.signed_out.title': 'Signed out',
  'page.signed_out.text': 'You have signed out.',

  'page.unlocked.title': 'Account unlocked',
  'page.unlocked.text': 'You can sign in again.',

  'page.magic_link.title': 'Sign in',
  'page.magic_link.text': 'Sign in as {email}? If you did not ask for this, close the page: nothing happens.',
  'page.magic_link.submit': 'Sign in',
  'page.provider_email.title': 'Is this you?',
  'page.provider_email.text':
    '{identity} of {provider} wants to sign in with the address {email}. If you go on, whoever has that account at {provider} can sign in to yours.',
  'page.provider_email.submit': 'It is me, show the code',
  'page.signed_in.title': 'You are signed in',
  'page.signed_in.text': 'Enter this code where you began to sign in. It works once, for {lifetime}.',
  'page.app_return.text': 'Go back to the app to complete the sign-in.',
  'page.app_return.submit': 'Open the app',
  'page.code_shown.title': 'Almost there',
  'page.code_shown.text': 'Enter this code where you asked to sign in. It works once, for {lifetime}.',
  'page.code_shown.warning': 'Do not give it to anybody, not even to somebody who says they work for {app}.',
  'page.support': 'Help',
  'page.going_on.title': 'Back to the application',
  'page.going_on.text': 'You are being sent to {host}.',

  'page.invitation.title': 'Invitation',
  'page.invitation.text': '{inviter} invites you to join “{organization}” at {app}. Your role would be: {role}.',
  'page.invitation.message': 'They write: “{message}”',
  'page.invitation.account': 'Choose a password: it makes your account with this address, and you are a member.',
  'page.invitation.name': 'Your name',
  'page.invitation.accept': 'Join',
  'page.invitation.submit': 'Make an account and join',
  'page.invitation.sign_in': 'Sign in to {app} with the account of {email}, and accept the invitation there.',
  'page.invitation.closed': '{app} makes no new accounts at present. Ask whoever invited you.',
  'page.invitation.joined.title': 'Welcome',
  'page.invitation.joined.text': 'You are signed in as {email}, and a member of “{organization}”.',
  'page.invitation.revoked.title': 'This invitation was withdrawn',
  'page.invitation.revoked.text': 'Ask whoever invited you for a new one.',

  'page.link.incomplete.title': 'This link is incomplete',
  'page.link.incomplete.text':
    'A part of it is missing. Mail programs sometimes cut long links: copy the whole address from the mail into your browser.',
  'page.link.used.title': 'This link was used before',
  'page.link.used.text': 'A link works only once.',
  'page.link.superseded.title': 'There is a newer link',
  'page.link.superseded.text': 'A newer mail has another link, and only the newest works. Look for it in your mailbox.',
  'page.link.expired.title': 'This link has expired',
  'page.link.expired.text': 'It worked until {until}.',
  'page.link.void.title': 'This link no longer works',
  'page.link.void.text': 'Your account has changed since the mail was sent.',
  'page.link.unknown.title': 'This link does not work',
  'page.link.unknown.text': 'It is too old, or it is not one of ours. Open the newest mail, or ask for a new one.',
  'page.link.renew': 'Send me a new link',
  'page.link_renewed.title': 'Look into your mailbox',
  'page.link_renewed.text': 'If the address can get a new link, it is on its way.',

  'page.problem.STEP_UP_REQUIRED': 'Fill in one of the fields below.',
  'page.problem.INVALID_CODE': 'The code is wrong or was used before.',
  'page.problem.INVALID_PASSWORD': 'The password is wrong.',
  'page.problem.WEAK_PASSWORD': 'The password is too easy to guess. Choose a longer or less common one.',
  'page.problem.too_short':
    'The password is too short: it needs at least {min, plural, one {# character} other {# characters}}.',
  'page.problem.breached': 'The password appears in a known data breach. Choose another one.',

  'page.error.title': 'This did not work',
  'page.error.FORBIDDEN':
    'The form was not sent by a page of ours. Go back, load the page again and send the form once more.',
  'page.error.ORIGIN_NOT_ALLOWED':
    'The form was not sent by a page of ours. Go back, load the page again and send the form once more.',
  'page.error.CONFLICT': 'Another account has this address by now.',
  'page.error.ACCOUNT_CLOSED':
    'An admin has closed this account. Your link stays valid until the day that its mail names: try again once the account is open.',
  'page.error.ACCOUNT_LOCKED': 'There were too many failed attempts. Try again later.',
  'page.error.SECOND_FACTOR_LOCKED': 'There were too many wrong codes. Try again later.',
  'page.error.RATE_LIMIT_EXCEEDED': 'There were too many requests. Wait a minute, then try again.',
  'page.error.SIGNUPS_DISABLED': 'No new accounts are made here at present.',
  'page.error.MAINTENANCE': 'The service is being maintained. Your link stays valid: try again later.',
  'page.error.REDIRECT_NOT_ALLOWED': 'The application that the link leads to is not allowed here any more.',
  'page.error.INVALID_TOKEN': 'The link is incomplete, has expired or was used already.',
  'page.error.OAUTH_STATE_INVALID':
    'This sign-in was begun in another browser, was used already or has expired. Go back to the application and begin again.',
  'page.error.OAUTH_EXCHANGE_FAILED': 'The sign-in with the other provider did not work. Begin again in a few minutes.',
  'page.error.OAUTH_DENIED': 'The other provider did not sign you in. Go back to the application and begin again.',
  'page.error.OAUTH_PROVIDER_NOT_CONFIGURED': 'This way to sign in is not available here.',
  'page.error.ACCOUNT_LINK_REQUIRED':
    'There is an account with your address already. Sign in as you always did, then link the other provider in your account.',
  'page.error.EMAIL_REQUIRED': 'The other provider did not tell an address that you have confirmed there.',
  'page.error.INVALID_CREDENTIALS': 'This account cannot sign in.',
  'page.error.other': 'Something went wrong. Try again in a few minutes.',

  'page.sign_in.title': 'Sign in',
  'page.sign_in.for': 'To go on to {host}',
  'page.sign_in.login': 'Email or username',
  'page.sign_in.password': 'Password',
  'page.sign_in.remember': 'Keep me signed in on this device',
  'page.sign_in.submit': 'Sign in',
  'page.sign_in.forgot': 'Forgot your password?',
  'page.sign_in.or': 'or',
  'page.sign_in.passkey': 'Use a passkey',
  'page.sign_in.link': 'Email me a sign-in link',
  'page.sign_in.provider': 'Continue with {provider}',
  'page.sign_in.sso': 'Single sign-on',
  'page.sign_in.no_account': 'New here? {link}',
  'page.sign_in.sign_up': 'Create an account',

  'page.welcome.title': 'Welcome back',
  'page.welcome.text': 'You are signed in as {who}.',
  'page.welcome.submit': 'Continue',
  'page.welcome.app': 'Continue to {app}',
  'page.welcome.account': 'Your account',
  'page.welcome.another': 'Use another account',
  'page.welcome.sign_out': 'Sign out',

  'page.second_step.title': 'One more step',
  'page.second_step.text': 'Your account asks for a second proof that it is you.',
  'page.second_step.code': 'Code',
  'page.second_step.code_hint': 'From your authenticator app, or one of your backup codes.',
  'page.second_step.submit': 'Continue',
  'page.second_step.passkey_alone': 'This account signs in with a passkey as its second proof, which needs JavaScript.',
  'page.second_step.again': 'Start over',

  'page.sso.title': 'Single sign-on',
  'page.sso.text': 'Your organization signs you in.',
  'page.sso.email': 'Work email',
  'page.sso.submit': 'Continue',
  'page.sso.going_title': 'To your organization',
  'page.sso.going': 'You are being sent to {host}, where your organization signs you in.',
  'page.sso.going_submit': 'Go to {host}',

  'page.address.title': 'Confirm your address',
  'page.address.text':
    'The other provider did not tell an address that you have confirmed there. We mail you a link to prove one.',
  'page.address.submit': 'Mail me the link',
  'page.address.sent': 'A link is on its way. Open it, and enter the code that its page shows.',
  'page.address.another': 'Another address',

  'page.sent.title': 'Check your mail',
  'page.sent.link': 'If the address can sign in, a link is on its way. Open it in this browser.',
  'page.sent.reset': 'If there is an account with this address, a link to choose a new password is on its way.',
  'page.sent.verify': 'A link is on its way to your address. Open it to confirm the address, then sign in.',
  'page.sent.back': 'Back to sign-in',

  'page.open_link.title': 'Sign in',
  'page.open_link.text': 'Sign in as {who}?',
  'page.open_link.foreign':
    'This browser did not ask for the link. Go on only if you asked for it yourself, on another device: a link that somebody else sent you signs you in to their account.',
  'page.open_link.submit': 'Sign in',

  'page.sign_up.title': 'Create an account',
  'page.sign_up.invited': '{organization} invites you. Create your account with the invited address to join.',
  'page.sign_up.email': 'Email',
  'page.sign_up.name': 'Your name (optional)',
  'page.sign_up.password': 'Password',
  'page.sign_up.rule':
    'At least {min, plural, one {# character} other {# characters}}. A few words that only you would put together are good.',
  'page.sign_up.submit': 'Create the account',
  'page.sign_up.terms': 'By creating an account you agree to the {terms}.',
  'page.sign_up.terms_and_privacy':
    'By creating an account you agree to the {terms}. The {privacy} says what becomes of your data.',
  'page.sign_up.privacy': 'The {privacy} says what becomes of your data.',
  'page.sign_up.terms_name': 'terms of use',
  'page.sign_up.privacy_name': 'privacy policy',
  'page.sign_up.have_account': 'Have an account? {link}',

  'page.forgot.title': 'Forgotten password',
  'page.forgot.text': 'We mail you a link with which you choose a new one.',
  'page.forgot.email': 'Email',
  'page.forgot.submit': 'Mail me the link',

  'page.sign_out.title': 'Sign out?',
  'page.sign_out.text': 'You are signed in as {who}. This signs you out in this browser.',
  'page.sign_out.submit': 'Sign out',
  'page.sign_out.done_title': 'You are signed out',
  'page.sign_out.done': 'Applications that you went to have sessions of their own.',
  'page.sign_out.back': 'Back',
  'page.sign_out.sign_in': 'Sign in again',

  'page.loop.title': 'Your sign-in does not arrive',
  'page.loop.text':
    'You are signed in here, but {host} keeps sending you back. Delete the cookies of this site in your browser, then try again.',
  'page.loop.again': 'Try again',

  'page.passkey.failed': 'That did not work. Try again, or sign in another way.',

  'page.refused.INVALID_CREDENTIALS': 'Email, username or password is wrong.',
  'page.refused.ACCOUNT_LOCKED':
    'Too many attempts, or the account is locked. Try again later, or choose a new password.',
  'page.refused.EMAIL_NOT_VERIFIED': 'Confirm your address first: a link was mailed to it.',
  'page.refused.MAINTENANCE': 'Sign-in is closed for maintenance. Try again later.',
  'page.refused.SSO_REQUIRED': 'Your organization signs you in.',
  'page.refused.MFA_CODE_INVALID': 'The code is wrong, or was used before.',
  'page.refused.MFA_CHALLENGE_INVALID': 'That took too long, or was tried too often. Sign in again.',
  'page.refused.SECOND_FACTOR_LOCKED': 'Too many wrong codes. Try again in an hour.',
  'page.refused.RATE_LIMIT_EXCEEDED': 'Too many attempts. Try again later.',
  'page.refused.WEAK_PASSWORD': 'This password is too easy to guess. Choose another.',
  'page.refused.CONFLICT': 'There is an account with this address. Sign in, or choose a new password.',
  'page.refused.SIGNUPS_DISABLED': 'New accounts are not open.',
  'page.refused.SSO_CONFIGURATION_NOT_FOUND': 'No organization signs this address in.',
  'page.refused.VALIDATION_ERROR': 'Something in the form is missing or malformed.',
  'page.refused.OAUTH_CODE_INVALID': 'That took too long, or began in another browser. Sign in again.',
  'page.refused.OAUTH_DENIED': 'The other provider did not sign you in. Try again, or choose another way.',
  'page.refused.SSO_AUTHENTICATION_ERROR': 'Single sign-on did not sign you in. Ask the admins of your organization.',
  'page.refused.OAUTH_ACCOUNT_REFUSED': 'This account cannot sign in.',
  'page.refused.PASSKEY_NOT_FOUND': 'This passkey is not known here.',
  'page.refused.PASSKEY_REFUSED': 'The passkey was refused.',
  'page.refused.PASSKEY_CHALLENGE_INVALID': 'That took too long. Try again.',
  'page.refused.other': 'This did not work. Try again later.',

  'page.account.title': 'Your account',
  'page.account.profile': 'Profile',
  'page.account.security': 'Security',
  'page.account.sessions': 'Devices',
  'page.account.organizations': 'Organizations',
  'page.account.data': 'Your data',
  'page.account.save': 'Save',
  'page.account.remove': 'Remove',
  'page.account.rename': 'Rename',
  'page.account.cancel': 'Cancel',
  'page.account.added_at': 'Added on {day}',
  'page.account.used_at': 'Last used {time}',

  'page.account.done.again': 'Thank you. Nothing has changed yet: please send the form once more.',
  'page.account.done.saved': 'Saved.',
  'page.account.done.mailed': 'A link is on its way to the new address. The address changes once you open it.',
  'page.account.done.password': 'Your password is changed. You are signed out everywhere else.',
  'page.account.done.authenticator': 'Your authenticator app is set up.',
  'page.account.done.removed': 'Removed.',
  'page.account.done.added': 'Added.',
  'page.account.done.ended': 'Signed out.',
  'page.account.done.linked': 'Linked.',
  'page.account.done.left': 'You have left the organization.',
  'page.account.done.two_factors':
    'This organization needs two factors. Add an authenticator app or a passkey here, then go on.',
  'page.account.done.invited': 'The invitation is on its way.',

  'page.account.names': 'Your name',
  'page.account.display_name': 'Name as others see it',
  'page.account.first_name': 'First name',
  'page.account.last_name': 'Last name',
  'page.account.username': 'Username',
  'page.account.picture': 'Your picture',
  'page.account.picture_text': 'A PNG, JPEG, WebP or GIF of 512 KB at most. Whoever has its address can see it.',
  'page.account.picture_file': 'Choose a picture',
  'page.account.picture_submit': 'Use this picture',
  'page.account.address': 'Email address',
  'page.account.address_text': 'We mail a link to a new address, and change it once you open the link.',
  'page.account.address_unconfirmed': 'You have not confirmed your address yet: open the link that was mailed to it.',
  'page.account.new_address': 'New address',
  'page.account.address_submit': 'Change the address',
  'page.account.language': 'Language',
  'page.account.language_text': 'Of these pages, and of mails to you.',
  'page.account.language_of_browser': 'As the browser asks',

  'page.account.password': 'Password',
  'page.account.password_text': 'A new password signs you out everywhere else.',
  'page.account.password_set': 'Set a password by mail',
  'page.account.current_password': 'Current password',
  'page.account.password_submit': 'Change the password',
  'page.account.passkeys': 'Passkeys',
  'page.account.passkeys_text':
    'Sign in with your fingerprint, face, screen lock or a security key. Nobody can phish it.',
  'page.account.passkey_unnamed': 'Passkey',
  'page.account.passkey_name': 'Name of the passkey',
  'page.account.passkey_add': 'Add a passkey',
  'page.account.passkey_next':
    'Your browser asks where to keep the passkey: on this device, on your phone, or on a security key.',
  'page.account.passkey_create': 'Create the passkey',
  'page.account.passkey_failed': 'No passkey was made. Try again.',
  'page.account.passkey_script': 'A passkey needs JavaScript.',
  'page.account.authenticator': 'Authenticator app',
  'page.account.authenticator_on': 'Sign-in asks for a code from your app.',
  'page.account.authenticator_off': 'Sign-in then also asks for a code from an app on your phone.',
  'page.account.authenticator_add': 'Set up an authenticator app',
  'page.account.authenticator_remove': 'Turn it off',
  'page.account.authenticator_scan': 'Scan this code with the app, then type the six digits that it shows.',
  'page.account.authenticator_qr': 'QR code with the key below',
  'page.account.authenticator_secret': 'Or type this key into the app:',
  'page.account.authenticator_code': 'Code from the app',
  'page.account.authenticator_confirm': 'Turn it on',
  'page.account.backup_codes': 'Backup codes',
  'page.account.backup_codes_left':
    '{count, plural, =0 {You have no unused codes.} one {You have # unused code.} other {You have # unused codes.}} New ones replace them.',
  'page.account.backup_codes_make': 'Make new codes',
  'page.account.backup_codes_keep':
    'Keep these where you find them without your phone. Each works once, and they are not shown again.',
  'page.account.backup_codes_kept': 'I have kept them',
  'page.account.linked': 'Other ways to sign in',
  'page.account.linked_text': 'Accounts elsewhere with which you sign in here.',
  'page.account.linked_organization': 'Your organization',
  'page.account.link': 'Link',
  'page.account.unlink': 'Unlink',
  'page.account.confirm': 'Confirm that it is you',
  'page.account.confirm_text':
    'What you want to do needs a proof from the last ten minutes. Then go on where you were.',

  'page.account.alerts': 'Alerts of the last 30 days',
  'page.account.alerts_none': 'There are none.',
  'page.account.sessions_open': 'Where you are signed in',
  'page.account.sessions_text': 'If you do not know one of them, sign it out and change your password.',
  'page.account.session_this': 'This browser',
  'page.account.session_end': 'Sign out',
  'page.account.sessions_end_others': 'Sign out everywhere else',
  'page.account.device_unknown': 'Unknown device',
  'page.account.activity': 'Recent activity',
  'page.account.activity_signed_in': 'Signed in',
  'page.account.activity_session_active': 'Used',
  'page.account.activity_signed_out': 'Signed out',
  'page.account.activity_session_expired': 'Ended by time',
  'page.account.activity_session_revoked': 'Ended',
  'page.alert.multiple_locations': 'You are signed in from more than one country',
  'page.alert.session.reuse_detected': 'A session was copied, and has ended',
  'page.alert.session.refresh_replayed': 'A session was used from two networks at the same time',
  'page.alert.passkey.counter_regressed': 'A passkey may have been copied',
  'page.alert.user.activity_reported': 'You reported activity that was not yours',
  'page.alert.user.locked': 'The account was locked',
  'page.alert.security.sign_in_locked': 'Too many failed attempts to sign in',
  'page.alert.security.new_device': 'A sign-in from a new device',
  'page.alert.mfa.disabled': 'The authenticator app was turned off',
  'page.alert.passkey.removed': 'A passkey was removed',
  'page.alert.passkey.registered': 'A passkey was added',
  'page.alert.mfa.enabled': 'An authenticator app was set up',
  'page.alert.user.password_changed': 'The password was changed',
  'page.alert.user.password_reset': 'The password was reset',
  'page.alert.user.email_changed': 'The address was changed',
  'page.alert.other': 'Something about your account changed',

  'page.account.organizations_mine': 'Where you are a member',
  'page.account.organizations_none': 'You are in no organization.',
  'page.account.membership_pending': 'Not accepted yet',
  'page.account.member_pending': 'Not accepted yet',
  'page.account.join': 'Join',
  'page.account.leave': 'Leave',
  'page.account.members': 'Members',
  'page.account.members_count': '{count, plural, one {# member} other {# members}}',
  'page.account.member_change': 'Change the role',
  'page.account.role': 'Role',
  'page.account.member_remove': 'Remove from the organization',
  'page.account.hand_over': 'Hand the organization over',
  'page.account.hand_over_text': 'This member becomes the owner in your place, and you an admin.',
  'page.account.invitations': 'Invitations',
  'page.account.invitation_until': 'Good until {day}',
  'page.account.invitation_resend': 'Send again',
  'page.account.invitation_revoke': 'Take back',
  'page.account.invite_email': 'Address to invite',
  'page.account.invite_submit': 'Invite',

  'page.account.export': 'A copy of your data',
  'page.account.export_text':
    'Everything we have of you, as one file. It is ready at once, for a day, in this browser.',
  'page.account.export_submit': 'Make a copy',
  'page.account.export_ready': 'Your copy is ready.',
  'page.account.export_download': 'Download it',
  'page.account.delete': 'Delete the account',
  'page.account.delete_text':
    'You are signed out everywhere at once. For {grace} you can restore the account with a new password by mail; then all data are erased.',
  'page.account.delete_at_once': 'You are signed out everywhere, and all data are erased at once.',
  'page.account.delete_sure': 'I want to delete my account',
  'page.account.deleted': 'Your account is deleted',
  'page.account.deleted_text': 'You can restore it for {grace}: ask for a new password.',
  'page.account.deleted_at_once': 'All data are being erased.',
  'page.account.deleted_held':
    'Your account is closed. Your data are kept while the law requires it (GDPR 17(3)), and are erased after that.',

  'page.refused.TAKEN': 'Another account has this name or address.',
  'page.refused.INVALID_PASSWORD': 'The password is wrong.',
  'page.refused.INVALID_CODE': 'The code is wrong, or was used before.',
  'page.refused.UNSUPPORTED_IMAGE': 'This is no PNG, JPEG, WebP or GIF.',
  'page.refused.PAYLOAD_TOO_LARGE': 'This is too large.',
  'page.refused.PASSKEY_ALREADY_REGISTERED': 'This passkey is here already.',
  'page.refused.TOO_MANY_PASSKEYS': 'You have too many passkeys. Remove one first.',
  'page.refused.BACKUP_CODES_REPLACED': 'These codes were made already. If you have not kept them, make new ones.',
  'page.refused.MFA_NOT_STARTED': 'That took too long. Set the app up again.',
  'page.refused.LAST_SIGN_IN_METHOD': 'This is your only way to sign in. Set a password first.',
  'page.refused.OAUTH_IDENTITY_TAKEN': 'Another account has this way to sign in.',
  'page.refused.OAUTH_ALREADY_LINKED': 'This is linked already.',
  'page.refused.LAST_OWNER': 'An organization needs an owner: hand it over first.',
  'page.refused.LAST_ADMIN': 'You are the only admin here. Make somebody else one first.',
  'page.refused.ALREADY_MEMBER': 'Whoever has this address is a member already.',
  'page.refused.INVITATION_PENDING': 'This address is invited already.',
  'page.refused.DOMAIN_NOT_ALLOWED': 'Addresses of this domain are not invited here.',
  'page.refused.VERIFIED_ADDRESS_REQUIRED': 'The address has to be confirmed first.',
  'page.refused.LIMIT_REACHED': 'There may not be more of these.',
  'page.refused.INSUFFICIENT_PERMISSIONS': 'Your role does not allow this.',
  'page.refused.SESSION_ALREADY_REVOKED': 'That has ended already.',

  'page.landing.title': '{app}: sign-in service',
  'page.landing.text': 'This service signs people in to {app}. Applications call its API, and mails lead to its pages.',
  'page.landing.sign_up': 'How an application signs people up',
  'page.landing.sign_in': 'How an application signs people in',
  'page.landing.docs': 'API reference',
  'page.landing.openapi': 'OpenAPI document',
  'page.landing.health': 'Health of the service',
  'page.mailbox.title': 'Mailbox',
  'page.mailbox.text': 'Mails that local mode kept instead of sending, newest first.',
  'page.mailbox.to': 'Mails to this address',
  'page.mailbox.show': 'Show',
  'page.mailbox.empty': 'There are no mails.',
  'page.mailbox.as_text': 'As text',
} as const
