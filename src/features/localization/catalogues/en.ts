/** English: it defines the keys of all catalogues and is the fallback for locales without one. */
export const en = {
  'mail.greeting': 'Hello,',
  'mail.link_hint': 'If the button does not work, open this address in your browser:',
  'mail.footer': 'Sent by {app}, {url}. Nobody reads replies to this mail.',
  'mail.not_you': 'If this was not you, report it: all sessions of your account end, and you choose a new password.',

  'mail.ended.one_factor': 'Your other sessions were ended, except those in which a second factor was used.',
  'mail.ended.all': 'All sessions of the account were ended.',

  'mail.email_verification.subject': 'Confirm your email address for {app}',
  'mail.email_verification.body': 'An account at {app} uses this address. Confirm that the address is yours.',
  'mail.email_verification.action': 'Confirm the address',
  'mail.email_verification.note': 'If you did not create an account, ignore this mail: then nothing is confirmed.',

  'mail.email_change.subject': 'Confirm your new email address for {app}',
  'mail.email_change.body':
    'Somebody asked to use this address for an account at {app}. Confirm it to make the change.',
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
    'Somebody asked to reset the password of your account at {app}. Choose a new password here. The link works once, for a short time.',
  'mail.password_reset.action': 'Choose a new password',
  'mail.password_reset.note': 'If you did not ask for this, ignore this mail: your password stays as it is.',

  'mail.password_dropped.subject': 'Choose a new password for {app}',
  'mail.password_dropped.body':
    'You have an account at {app} whose password came from an earlier system and was not used for a long time. It no longer works. Choose a new one here. The link works once, for seven days; after that, ask for another where you sign in.',
  'mail.password_dropped.action': 'Choose a new password',

  'mail.password_changed.subject': 'Your {app} password was changed',
  'mail.password_changed.body': 'The password of your account at {app} was changed. Your other sessions were ended.',
  'mail.password_changed.action': 'This was not me',

  'mail.magic_link.subject': 'Your sign-in link for {app}',
  'mail.magic_link.body': 'Sign in to {app} with this link. It works once, for a short time.',
  'mail.magic_link.action': 'Sign in',
  'mail.magic_link.note': 'If you did not ask for this, ignore this mail. Do not share the link with anybody.',

  'mail.account_exists.subject': 'You already have an account at {app}',
  'mail.account_exists.body':
    'Somebody tried to create an account at {app} with this address, which already has one. If it was you, sign in, or reset your password if you do not know it.',
  'mail.account_exists.action': 'Go to your account',
  'mail.account_exists.note': 'If it was not you, ignore this mail: nothing has changed.',

  'mail.deleted_account.subject': 'Your {app} account is being deleted',
  'mail.deleted_account.body':
    'Somebody asked for the account at {app} that has this address. It was deleted and is erased on {until}. Until then you can restore it; you are asked for its password or its second factor.',
  'mail.deleted_account.action': 'Restore the account',
  'mail.deleted_account.note': 'If you want it to be erased, ignore this mail.',

  'mail.deleted_by_admin.subject': 'Your {app} account is being deleted',
  'mail.deleted_by_admin.body':
    'Somebody asked for the account at {app} that has this address. It was deleted and is erased on {until}. Until then whoever runs {app} can restore it.',
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

  'mail.account_closed.subject': 'Your {app} account was closed',
  'mail.account_closed.body': 'Your account at {app} was closed by an admin. Nobody can sign in to it.',
  'mail.account_closed.note': 'Whoever runs {app} can tell you why, and open it again.',

  'mail.account_reopened.subject': 'Your {app} account is open again',
  'mail.account_reopened.body': 'Your account at {app} was opened by an admin. You can sign in again.',

  'mail.account_deleted.subject': 'Your {app} account was deleted',
  'mail.account_deleted.body': 'Your account at {app} was deleted. Its data is erased on {until}.',
  'mail.account_deleted.note':
    'If this was not you, write to whoever runs {app} before then: the account can be restored.',

  'mail.account_restored.subject': 'Your {app} account was restored',
  'mail.account_restored.body':
    'The deletion of your account at {app} was undone. If an admin undid it, an admin also has to activate the account before you can sign in.',

  'notification.role_changed.title': 'Your role was changed',
  'notification.role_changed.message': 'Your role is now {role}. What you may do changes with your next token.',
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
} as const
