import type { Catalogue } from '../service.ts'

export const de: Catalogue = {
  'mail.greeting': 'Guten Tag,',
  'mail.link_hint': 'Falls die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse im Browser:',
  'mail.footer': 'Gesendet von {app}, {url}. Antworten auf diese E-Mail liest niemand.',
  'mail.not_you':
    'Falls Sie das nicht waren, melden Sie es: Alle Sitzungen Ihres Kontos enden, und Sie wählen ein neues Passwort.',

  'mail.ended.one_factor':
    'Ihre anderen Sitzungen wurden beendet, außer denen, in denen ein zweiter Faktor nachgewiesen wurde.',
  'mail.ended.all': 'Alle Sitzungen des Kontos wurden beendet.',

  'mail.email_verification.subject': 'Bestätigen Sie Ihre E-Mail-Adresse für {app}',
  'mail.email_verification.body':
    'Ein Konto bei {app} verwendet diese Adresse. Bestätigen Sie, dass die Adresse Ihnen gehört.',
  'mail.email_verification.action': 'Adresse bestätigen',
  'mail.email_verification.note':
    'Falls Sie kein Konto angelegt haben, ignorieren Sie diese E-Mail: Ohne Sie wird nichts bestätigt.',

  'mail.email_change.subject': 'Bestätigen Sie Ihre neue E-Mail-Adresse für {app}',
  'mail.email_change.body':
    'Diese Adresse soll für ein Konto bei {app} verwendet werden. Bestätigen Sie sie, damit die Änderung gilt.',
  'mail.email_change.action': 'Neue Adresse bestätigen',
  'mail.email_change.note': 'Falls Sie das nicht wollten, ignorieren Sie diese E-Mail: Nichts ändert sich.',

  'mail.email_change_notice.subject': 'Die E-Mail-Adresse Ihres Kontos bei {app} soll sich ändern',
  'mail.email_change_notice.body':
    'Jemand, der in Ihrem Konto bei {app} angemeldet ist, möchte dessen E-Mail-Adresse in {newEmail} ändern. Die Änderung gilt, sobald diese Adresse bestätigt ist.',
  'mail.email_change_notice.action': 'Das war ich nicht',

  'mail.email_changed.subject': 'Die E-Mail-Adresse Ihres Kontos bei {app} wurde geändert',
  'mail.email_changed.body':
    'Ihr Konto bei {app} hatte bis {time} diese Adresse. Jetzt hat es die Adresse {newEmail}. Falls Sie das nicht waren, nehmen Sie die Änderung zurück: Diese Adresse gilt wieder, alle Sitzungen enden, was seitdem für die Anmeldung hinzukam, wird entfernt, und Sie wählen ein neues Passwort. Das geht bis {until}.',
  'mail.email_changed.action': 'Änderung zurücknehmen',
  'mail.email_changed.note':
    'Falls Sie es waren, ignorieren Sie diese E-Mail. Bis dahin kommen andere Mitteilungen über Ihr Konto auch an diese Adresse.',

  'mail.email_reverted.subject': 'Die Änderung der E-Mail-Adresse Ihres Kontos bei {app} wurde zurückgenommen',
  'mail.email_reverted.body':
    'Ihr Konto bei {app} hat wieder die Adresse {newEmail}: Jemand, der die E-Mails dieser Adresse liest, hat die Änderung zurückgenommen. Alle Sitzungen wurden beendet.',
  'mail.email_reverted.note': 'Falls Sie das nicht waren, wenden Sie sich an die Betreiber von {app}.',

  'mail.password_reset.subject': 'Passwort für {app} zurücksetzen',
  'mail.password_reset.body':
    'Das Passwort Ihres Kontos bei {app} soll zurückgesetzt werden. Wählen Sie hier ein neues. Der Link gilt einmal und nur kurze Zeit.',
  'mail.password_reset.action': 'Neues Passwort wählen',
  'mail.password_reset.note':
    'Falls Sie das nicht wollten, ignorieren Sie diese E-Mail: Ihr Passwort bleibt, wie es ist.',

  'mail.password_dropped.subject': 'Neues Passwort für {app} wählen',
  'mail.password_dropped.body':
    'Sie haben ein Konto bei {app}, dessen Passwort aus einem früheren System stammt und lange nicht benutzt wurde. Es gilt nicht mehr. Wählen Sie hier ein neues. Der Link gilt einmal und sieben Tage lang; danach fordern Sie dort einen neuen an, wo Sie sich anmelden.',
  'mail.password_dropped.action': 'Neues Passwort wählen',

  'mail.password_changed.subject': 'Ihr Passwort für {app} wurde geändert',
  'mail.password_changed.body':
    'Das Passwort Ihres Kontos bei {app} wurde geändert. Ihre anderen Sitzungen wurden beendet.',
  'mail.password_changed.action': 'Das war ich nicht',

  'mail.magic_link.subject': 'Ihr Anmeldelink für {app}',
  'mail.magic_link.body': 'Melden Sie sich mit diesem Link bei {app} an. Er gilt einmal und nur kurze Zeit.',
  'mail.magic_link.action': 'Anmelden',
  'mail.magic_link.note': 'Falls Sie das nicht wollten, ignorieren Sie diese E-Mail. Geben Sie den Link niemandem.',

  'mail.account_exists.subject': 'Sie haben bereits ein Konto bei {app}',
  'mail.account_exists.body':
    'Mit dieser Adresse sollte ein Konto bei {app} angelegt werden, aber es gibt schon eines. Falls Sie es waren, melden Sie sich an oder setzen Sie Ihr Passwort zurück.',
  'mail.account_exists.action': 'Zu Ihrem Konto',
  'mail.account_exists.note': 'Falls Sie es nicht waren, ignorieren Sie diese E-Mail: Nichts hat sich geändert.',

  'mail.deleted_account.subject': 'Ihr Konto bei {app} wird gelöscht',
  'mail.deleted_account.body':
    'Jemand hat nach dem Konto bei {app} gefragt, das diese Adresse hat. Es ist gelöscht und wird am {until} endgültig entfernt. Bis dahin können Sie es wiederherstellen; dabei werden Sie nach dem Passwort oder dem zweiten Faktor gefragt.',
  'mail.deleted_account.action': 'Konto wiederherstellen',
  'mail.deleted_account.note': 'Falls es entfernt werden soll, ignorieren Sie diese E-Mail.',

  'mail.deleted_by_admin.subject': 'Ihr Konto bei {app} wird gelöscht',
  'mail.deleted_by_admin.body':
    'Jemand hat nach dem Konto bei {app} gefragt, das diese Adresse hat. Es ist gelöscht und wird am {until} endgültig entfernt. Bis dahin können die Betreiber von {app} es wiederherstellen.',
  'mail.deleted_by_admin.note':
    'Falls Sie das nicht verlangt haben, ignorieren Sie diese E-Mail: Nichts hat sich geändert.',

  'mail.new_device.subject': 'Neue Anmeldung in Ihrem Konto bei {app}',
  'mail.new_device.body':
    'Ihr Konto bei {app} wurde von einem neuen Gerät aus verwendet.\nGerät: {device}\nAdresse: {ip}\nZeit: {time}',
  'mail.new_device.action': 'Das war ich nicht',

  'mail.factor_added.subject': 'Ihr Konto bei {app} hat einen neuen Anmeldefaktor',
  'mail.factor_added.body': 'Ihr Konto bei {app} hat einen neuen Faktor für die Anmeldung: {factor}.',
  'mail.factor_added.action': 'Das war ich nicht',

  'mail.factor_removed.subject': 'Ein Anmeldefaktor Ihres Kontos bei {app} wurde entfernt',
  'mail.factor_removed.body': 'Dieser Faktor für die Anmeldung wurde aus Ihrem Konto bei {app} entfernt: {factor}.',
  'mail.factor_removed.action': 'Das war ich nicht',

  'mail.backup_codes_replaced.subject': 'Die Ersatzcodes Ihres Kontos bei {app} wurden ersetzt',
  'mail.backup_codes_replaced.body': 'Ihr Konto bei {app} hat neue Ersatzcodes. Die alten gelten nicht mehr.',
  'mail.backup_codes_replaced.action': 'Das war ich nicht',

  'mail.mfa_recovery.subject': 'Der zweite Anmeldefaktor Ihres Kontos bei {app}',
  'mail.mfa_recovery.body':
    'Jemand gibt an, dass der zweite Faktor Ihres Kontos bei {app} verloren ist. Melden Sie sich mit einem Ihrer Ersatzcodes an und schalten Sie den Faktor aus, oder richten Sie ihn neu ein. Ohne Ersatzcode wenden Sie sich an die Betreiber von {app}: Eine E-Mail allein öffnet kein Konto.',
  'mail.mfa_recovery.note':
    'Falls Sie das nicht verlangt haben, ignorieren Sie diese E-Mail: Nichts hat sich geändert.',

  'mail.account_locked.subject': 'Die Anmeldung in Ihrem Konto bei {app} ist vorübergehend gesperrt',
  'mail.account_locked.body':
    'Es gab zu viele fehlgeschlagene Versuche, sich in Ihrem Konto bei {app} anzumelden. Bis {until} werden Passwörter abgelehnt. Ihre Sitzungen laufen weiter.',
  'mail.account_locked.action': 'Jetzt entsperren',
  'mail.account_locked.note':
    'Falls die Versuche nicht von Ihnen kamen: Niemand ist hineingekommen. Ein Passwort, das Sie sonst nirgends verwenden, sorgt dafür, dass es so bleibt.',

  'mail.account_closed.subject': 'Ihr Konto bei {app} wurde geschlossen',
  'mail.account_closed.body':
    'Ihr Konto bei {app} wurde von einem Administrator geschlossen. Niemand kann sich darin anmelden.',
  'mail.account_closed.note': 'Die Betreiber von {app} können Ihnen sagen, warum, und es wieder öffnen.',

  'mail.account_reopened.subject': 'Ihr Konto bei {app} ist wieder offen',
  'mail.account_reopened.body':
    'Ihr Konto bei {app} wurde von einem Administrator geöffnet. Sie können sich wieder anmelden.',

  'mail.account_deleted.subject': 'Ihr Konto bei {app} wurde gelöscht',
  'mail.account_deleted.body': 'Ihr Konto bei {app} wurde gelöscht. Seine Daten werden am {until} entfernt.',
  'mail.account_deleted.note':
    'Falls Sie das nicht waren, wenden Sie sich vorher an die Betreiber von {app}: Das Konto kann wiederhergestellt werden.',

  'mail.account_restored.subject': 'Ihr Konto bei {app} wurde wiederhergestellt',
  'mail.account_restored.body':
    'Die Löschung Ihres Kontos bei {app} wurde rückgängig gemacht. Bevor Sie sich anmelden können, muss ein Administrator es aktivieren.',

  'notification.role_changed.title': 'Ihre Rolle wurde geändert',
  'notification.role_changed.message':
    'Ihre Rolle ist jetzt {role}. Was Sie dürfen, ändert sich mit Ihrem nächsten Token.',
  'notification.account_reactivated.title': 'Ihr Konto ist wieder aktiv',
  'notification.account_reactivated.message': 'Sie können sich wieder in Ihrem Konto anmelden.',
  'notification.account_unlocked.title': 'Ihr Konto wurde entsperrt',
  'notification.account_unlocked.message': 'Die Sperre Ihres Kontos wurde aufgehoben. Sie können sich wieder anmelden.',
  'notification.account_restored.title': 'Ihr Konto wurde wiederhergestellt',
  'notification.account_restored.message':
    'Die Löschung Ihres Kontos wurde rückgängig gemacht. Bevor Sie sich anmelden können, muss ein Administrator es aktivieren.',
  'notification.factor_removed.title': 'Ein Anmeldefaktor wurde entfernt',
  'notification.factor_removed.message':
    'Ein Administrator hat diesen Faktor aus Ihrem Konto entfernt: {factor}. Alle Sitzungen wurden beendet.',
  'notification.password_changed.title': 'Ihr Passwort wurde geändert',
  'notification.password_changed.message': 'Das Passwort Ihres Kontos wurde geändert.',
  'notification.new_device.title': 'Anmeldung von einem neuen Gerät',
  'notification.new_device.message': 'Ihr Konto wurde von einem neuen Gerät aus verwendet: {device}.',
}
