import type { Catalogue } from '../service/catalogues.ts'

export const de: Catalogue = {
  'mail.greeting': 'Guten Tag,',
  'mail.greeting_by_name': 'Guten Tag {name},',
  'mail.unsaid.newEmail': 'eine andere Adresse',
  'mail.unsaid.factor': 'ein Passkey oder eine Authenticator-App',
  'mail.link_hint': 'Falls die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse im Browser:',
  'mail.footer': 'Gesendet von {app}, {url}. Antworten auf diese E-Mail liest niemand.',
  'mail.not_you':
    'Falls Sie das nicht waren, melden Sie es: Alle Sitzungen Ihres Kontos enden, und Sie wählen ein neues Passwort.',

  'mail.ended.one_factor':
    'Ihre anderen Sitzungen wurden beendet, außer denen, in denen ein zweiter Faktor nachgewiesen wurde.',
  'mail.ended.all': 'Alle Sitzungen des Kontos wurden beendet.',

  'mail.email_verification.subject': 'Bestätigen Sie Ihre E-Mail-Adresse für {app}',
  'mail.email_verification.body':
    'Ein Konto bei {app} verwendet diese Adresse. Bestätigen Sie, dass die Adresse Ihnen gehört. Der Link gilt {lifetime} lang.',
  'mail.email_verification.action': 'Adresse bestätigen',
  'mail.email_verification.note':
    'Falls Sie kein Konto angelegt haben, ignorieren Sie diese E-Mail: Ohne Sie wird nichts bestätigt.',

  'mail.email_change.subject': 'Bestätigen Sie Ihre neue E-Mail-Adresse für {app}',
  'mail.email_change.body':
    'Diese Adresse soll für ein Konto bei {app} verwendet werden. Bestätigen Sie sie, damit die Änderung gilt. Der Link gilt {lifetime} lang.',
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
    'Das Passwort Ihres Kontos bei {app} soll zurückgesetzt werden. Wählen Sie hier ein neues. Der Link gilt einmal und {lifetime} lang.',
  'mail.password_reset.action': 'Neues Passwort wählen',
  'mail.password_reset.note':
    'Falls Sie das nicht wollten, ignorieren Sie diese E-Mail: Ihr Passwort bleibt, wie es ist.',

  'mail.password_dropped.subject': 'Neues Passwort für {app} wählen',
  'mail.password_dropped.body':
    'Sie haben ein Konto bei {app}, dessen Passwort aus einem früheren System stammt und lange nicht benutzt wurde. Es gilt nicht mehr. Wählen Sie hier ein neues. Der Link gilt einmal und {lifetime} lang; danach fordern Sie dort einen neuen an, wo Sie sich anmelden.',
  'mail.password_dropped.action': 'Neues Passwort wählen',

  'mail.password_changed.subject': 'Ihr Passwort für {app} wurde geändert',
  'mail.password_changed.body':
    'Das Passwort Ihres Kontos bei {app} wurde geändert. Ihre anderen Sitzungen wurden beendet.',
  'mail.password_changed.action': 'Das war ich nicht',

  'mail.magic_link.subject': 'Ihr Anmeldelink für {app}',
  'mail.magic_link.body': 'Melden Sie sich mit diesem Link bei {app} an. Er gilt einmal und {lifetime} lang.',
  'mail.magic_link.action': 'Anmelden',
  'mail.magic_link.note': 'Falls Sie das nicht wollten, ignorieren Sie diese E-Mail. Geben Sie den Link niemandem.',

  'mail.provider_email.subject': 'Bestätigen Sie Ihre Adresse für {app}',
  'mail.provider_email.body':
    'Jemand meldet sich mit {provider} bei {app} an und gibt diese Adresse als seine an. Wenn Sie das waren, öffnen Sie diesen Link. Er gilt einmal und {lifetime} lang.',
  'mail.provider_email.action': 'Adresse bestätigen',
  'mail.provider_email.note': 'Falls Sie es nicht waren, ignorieren Sie diese E-Mail: Nichts geschieht.',
  'mail.account_exists.subject': 'Sie haben bereits ein Konto bei {app}',
  'mail.account_exists.body':
    'Mit dieser Adresse sollte ein Konto bei {app} angelegt werden, aber es gibt schon eines. Falls Sie es waren, melden Sie sich an oder setzen Sie Ihr Passwort zurück: Der Link gilt einmal und {lifetime} lang.',
  'mail.account_exists.action': 'Zu Ihrem Konto',
  'mail.account_exists.note': 'Falls Sie es nicht waren, ignorieren Sie diese E-Mail: Nichts hat sich geändert.',

  'mail.deleted_account.subject': 'Ihr Konto bei {app} wird gelöscht',
  'mail.deleted_account.body':
    'Jemand hat nach dem Konto bei {app} gefragt, das diese Adresse hat. Es ist gelöscht. Bis {until} können Sie es wiederherstellen; wenn Sie es bestätigt hatten, werden Sie dabei nach dem Passwort oder dem zweiten Faktor gefragt.',
  'mail.deleted_account.action': 'Konto wiederherstellen',
  'mail.deleted_account.note': 'Falls es gelöscht bleiben soll, ignorieren Sie diese E-Mail.',

  'mail.deleted_by_admin.subject': 'Ihr Konto bei {app} wird gelöscht',
  'mail.deleted_by_admin.body':
    'Jemand hat nach dem Konto bei {app} gefragt, das diese Adresse hat. Es ist gelöscht. Bis {until} können die Betreiber von {app} es wiederherstellen.',
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

  'role.owner': 'Inhaber',
  'role.admin': 'Administrator',
  'role.member': 'Mitglied',
  'role.viewer': 'Betrachter',

  'mail.invitation.subject': 'Einladung zu „{organization}“ bei {app}',
  'mail.invitation.body':
    '{inviter} lädt Sie zu „{organization}“ bei {app} ein. Ihre Rolle wäre: {role}. Die Einladung gilt bis {until}.',
  'mail.invitation.message': 'Die Nachricht dazu: „{message}“',
  'mail.invitation.action': 'Einladung ansehen',
  'mail.invitation.note':
    'Falls Sie den Absender nicht kennen, ignorieren Sie diese E-Mail: Es geschieht nichts. Geben Sie den Link niemandem.',

  'mail.member_added.subject': 'Sie wurden zu „{organization}“ bei {app} hinzugefügt',
  'mail.member_added.body':
    '{inviter} hat Sie zu „{organization}“ bei {app} hinzugefügt. Ihre Rolle wäre: {role}. Das zählt erst, wenn Sie zustimmen: Melden Sie sich bis {until} bei {app} an und stimmen Sie dort zu, oder lehnen Sie ab.',
  'mail.member_added.note':
    'Falls Sie den Absender nicht kennen, ignorieren Sie diese E-Mail: Er erfährt nichts über Sie.',

  'mail.organization_ownerless.subject': 'Organisationen ohne Inhaber bei {app}',
  'mail.organization_ownerless.body':
    'Diese Organisationen haben ihren letzten Inhaber verloren, und kein Administrator von ihnen konnte an seine Stelle treten: {organizations}. Als Administrator von {app} können Sie ein Mitglied zum Inhaber machen.',
  'mail.organization_ownerless.note':
    'Diese E-Mail kommt nur einmal. Bis es einen Inhaber gibt, können nur Administratoren von {app} tun, was einen braucht.',

  'mail.sso_changed.subject': 'Single Sign-on von „{organization}“ bei {app}',
  'mail.sso_changed.body': 'Ihnen gehört „{organization}“ bei {app}. {change} Das war am {time}.',
  'mail.sso_changed.note':
    'Falls Sie das nicht erwartet haben, fragen Sie die anderen Inhaber, und prüfen Sie, wem die Organisation gehört.',
  'sso_change.created': 'Single Sign-on wurde mit {about} eingerichtet.',
  'sso_change.updated': 'Die Konfiguration des Single Sign-on wurde geändert: {about}.',
  'sso_change.deleted': 'Die Konfiguration des Single Sign-on mit {about} wurde gelöscht.',
  'sso_change.issuer_changed':
    'Die Metadaten Ihres Identitätsanbieters nennen einen anderen Aussteller als {about}. Niemand meldet sich darüber an, bis ein Inhaber die Konfiguration berichtigt hat.',
  'sso_change.certificate_added':
    'Ihr Identitätsanbieter hat ein neues Zertifikat veröffentlicht, dem ab jetzt vertraut wird: {about}.',
  'sso_change.certificate_removed':
    'Ihr Identitätsanbieter veröffentlicht ein Zertifikat nicht mehr, dem nun nicht mehr vertraut wird: {about}.',
  'sso_change.certificate_expiring':
    'Ein Zertifikat Ihres Identitätsanbieters endet bald: {about}. Anmeldungen gehen weiter, aber der Anbieter wird es ersetzen: Sorgen Sie dafür, dass das neue hier bekannt ist.',
  'sso_change.required': 'Mitglieder müssen sich jetzt über Single Sign-on anmelden ({about}).',
  'sso_change.optional': 'Mitglieder müssen sich nicht mehr über Single Sign-on anmelden ({about}).',
  'sso_about.break_glass': 'der Notzugang für Inhaber ist offen',
  'sso_about.no_break_glass': 'der Notzugang für Inhaber ist geschlossen',
  'sso_change.domain_verified':
    'Die Domain {about} wurde bestätigt: Ihr Identitätsanbieter spricht jetzt für Adressen in ihr.',
  'sso_change.domain_missing':
    'Der DNS-Eintrag, der die Domain {about} nachweist, ist fort. Ist er nicht binnen 7 Tagen zurück, gilt die Domain als unbestätigt, und Single Sign-on endet für Adressen in ihr.',
  'sso_change.domain_lost':
    'Die Domain {about} ist nicht mehr bestätigt: Single Sign-on ist für Adressen in ihr beendet.',

  'mail.sso_break_glass.subject': 'Eine Anmeldung bei „{organization}“ ({app}) ohne deren Identitätsanbieter',
  'mail.sso_break_glass.body':
    '„{organization}“ verlangt Single Sign-on. Am {time} hat sich {who} ohne es angemeldet: als Inhaber mit Passwort und zweitem Faktor oder als Administrator von {app}.',
  'mail.sso_break_glass.note':
    'Falls das niemand erwartet hat, beenden Sie die Sitzungen dieses Kontos. Diese E-Mail kommt höchstens einmal in der Stunde.',
  'mail.webhook_created.subject': 'Ihrem Konto bei {app} wurde ein Webhook hinzugefügt',
  'mail.webhook_created.body': 'Was in Ihrem Konto geschieht, wird ab jetzt auch an {host} gesendet.',
  'mail.webhook_created.note':
    'Falls Sie das nicht waren, löschen Sie den Webhook und ändern Sie Ihr Passwort: Wer ihn angelegt hat, war in Ihrem Konto angemeldet.',
  'mail.webhook_disabled.subject': 'Ein Webhook bei {app} wurde abgeschaltet',
  'mail.webhook_disabled.body':
    'An {host} werden keine Ereignisse mehr gesendet: Der Server hat geantwortet, dass es die Adresse nicht mehr gibt, oder seit fünf Tagen ist jede Zustellung gescheitert.',
  'mail.webhook_disabled.note':
    'Ereignisse warten, bis der Webhook wieder eingeschaltet wird, höchstens 10.000. Löschen Sie ihn, wenn er nicht mehr gebraucht wird.',
  'mail.webhook_author_left.subject': 'Ein Webhook bei {app} läuft ohne seinen Urheber weiter',
  'mail.webhook_author_left.body':
    'Wer den Webhook an {host} angelegt hat, darf ihn nicht mehr ändern. Ereignisse werden weiterhin dorthin gesendet.',
  'mail.webhook_author_left.note':
    'Wenn nur diese Person lesen konnte, was dort ankommt, ändern Sie die Adresse, oder löschen Sie den Webhook. Diese E-Mail kommt nur einmal.',

  'mail.data_exported.subject': 'Ihre Daten bei {app} wurden angefordert',
  'mail.data_exported.body':
    'Eine Kopie der Daten, die {app} über Sie hat, wurde angefordert. Einen Tag lang lässt sie sich in der Sitzung herunterladen, die sie angefordert hat, und nirgends sonst.',
  'mail.data_exported.action': 'Das war ich nicht',
  'mail.data_request_extended.subject': 'Ihre Anfrage bei {app} dauert länger',
  'mail.data_request_extended.body':
    'Ihre Anfrage zu Ihren Daten bei {app} dauert länger als dreißig Tage. Sie erhalten bis {until} eine Antwort. Der Grund:',
  'mail.data_request_extended.message': '„{message}“',
  'mail.data_request_answered.subject': 'Ihre Anfrage bei {app} wurde beantwortet',
  'mail.data_request_answered.body': 'Ein Admin von {app} hat Ihre Anfrage zu Ihren Daten beantwortet. {outcome}',
  'mail.data_request_answered.message': '„{message}“',
  'data_request.completed': 'Sie ist erledigt.',
  'data_request.rejected': 'Sie wurde abgelehnt.',
  'mail.data_requests_due.subject': 'Anfragen zu personenbezogenen Daten bei {app} werden fällig',
  'mail.data_requests_due.body':
    'Anfragen, die auf eine Antwort warten: {count}. Die erste davon ist am {until} fällig.',
  'mail.data_requests_due.note':
    'Bis dahin müssen sie beantwortet sein (DSGVO 12(3)). Das wird eine Woche vorher gesagt, und am Tag selbst.',

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

  'mail.account_kept.subject': 'Ihr Konto bei {app} wurde gelöscht',
  'mail.account_kept.body':
    'Ihr Konto bei {app} wurde gelöscht und ist geschlossen. Seine Daten werden aufbewahrt, solange das Gesetz es verlangt (Art. 17 Abs. 3 DSGVO), und danach gelöscht.',
  'mail.account_kept.note': 'Falls Sie das nicht waren, wenden Sie sich an die Betreiber von {app}.',

  'mail.account_restored.subject': 'Ihr Konto bei {app} wurde wiederhergestellt',
  'mail.account_restored.body':
    'Die Löschung Ihres Kontos bei {app} wurde rückgängig gemacht. Bevor Sie sich anmelden können, muss ein Administrator es aktivieren.',

  'notification.role_changed.title': 'Ihre Rolle wurde geändert',
  'notification.role_changed.message':
    'Ihre Rolle ist jetzt {role}. Was Sie dürfen, ändert sich mit Ihrem nächsten Token.',
  'notification.rights_changed.title': 'Ihre Rechte wurden geändert',
  'notification.rights_changed.message':
    'Ein Administrator hat geändert, was Sie dürfen. Es gilt mit Ihrem nächsten Token.',
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
  'notification.organization_role_changed.title': 'Ihre Rolle in einer Organisation wurde geändert',
  'notification.organization_role_changed.message': 'Ihre Rolle in „{organization}“ ist jetzt: {role}.',
  'notification.organization_member_removed.title': 'Sie gehören einer Organisation nicht mehr an',
  'notification.organization_member_removed.message': 'Sie wurden aus „{organization}“ entfernt.',
  'notification.invitation_accepted.title': 'Ihre Einladung wurde angenommen',
  'notification.invitation_accepted.message':
    'Jemand, den Sie eingeladen haben, ist jetzt Mitglied von „{organization}“.',

  'page.continue': 'Weiter zu {app}',
  'page.close': 'Sie können diese Seite schließen.',
  'page.account': 'Konto',
  'page.password': 'Passwort',
  'page.new_password': 'Neues Passwort',
  'page.password_rule':
    'Mindestens {min, plural, other {# Zeichen}}. Nicht Ihr Name oder Ihre Adresse und kein verbreitetes Passwort.',
  'page.show_password': 'Passwort anzeigen',
  'page.passkey_needed':
    'Dafür braucht es auch einen Passkey Ihres Kontos, den diese Seite nicht abfragen kann. Wenden Sie sich an die Betreiber von {app}.',
  'page.code': 'Code aus Ihrer Authenticator-App oder ein Ersatzcode',

  'page.verify_email.title': 'Bestätigen Sie Ihre Adresse',
  'page.verify_email.made': 'Mit der Adresse {email} wurde ein Konto angelegt.',
  'page.verify_email.changed': 'Jemand möchte die Adresse seines Kontos in {email} ändern.',
  'page.verify_email.question': 'Haben Sie dieses Konto am {day} angelegt?',
  'page.verify_email.yes': 'Ja, das war ich',
  'page.verify_email.no': 'Nein, das war ich nicht',
  'page.verify_email.made_yes': '„Ja“ bestätigt Ihre Adresse und ändert sonst nichts.',
  'page.verify_email.made_no':
    '„Nein“ gibt Ihnen das Konto: Wer es angelegt hat, wird abgemeldet, und dessen Passwort und andere Anmeldewege gelten nicht mehr.',
  'page.verify_email.changed_yes': '„Ja“ macht dies zur Adresse des Kontos.',
  'page.verify_email.changed_no': '„Nein“ lehnt die Änderung ab: Das Konto bekommt Ihre Adresse nicht.',
  'page.already_verified.title': 'Schon bestätigt',
  'page.already_verified.text': '{email} ist bereits bestätigt.',
  'page.email_verified.title': 'Adresse bestätigt',
  'page.email_verified.text': '{email} ist bestätigt.',
  'page.change_refused.title': 'Änderung abgelehnt',
  'page.change_refused.text': 'Das Konto bekommt die Adresse {email} nicht.',
  'page.taken_over.title': 'Das Konto gehört Ihnen',
  'page.taken_over.text':
    'Wer es angelegt hat, ist abgemeldet, und dessen Passwort und andere Anmeldewege gelten nicht mehr. Wählen Sie ein Passwort, wenn Sie das Konto verwenden möchten. Wenn nicht, schließen Sie diese Seite.',

  'page.reset_password.title': 'Wählen Sie ein neues Passwort',
  'page.reset_password.submit': 'Passwort setzen',
  'page.password_set.title': 'Passwort gesetzt',
  'page.password_set.text':
    'Ihr Passwort ist gesetzt, und alle Ihre Sitzungen wurden beendet. Sie können sich mit dem neuen Passwort anmelden.',
  'page.revert_email.title': 'Änderung zurücknehmen',
  'page.revert_email.text':
    'Ihr Konto bekommt wieder die Adresse {email}. Alle Sitzungen enden, jeder Anmeldeweg, der seit der Änderung hinzukam, wird entfernt, und Sie wählen ein neues Passwort. Das lässt sich nicht rückgängig machen.',
  'page.restore_account.title': 'Konto wiederherstellen',
  'page.restore_account.text':
    'Ihr Konto ist gelöscht, aber noch nicht entfernt. Sie können es wiederherstellen, wie es war.',
  'page.restore_account.one_of': 'Eine der folgenden Angaben genügt.',
  'page.restore_account.submit': 'Konto wiederherstellen',
  'page.account_restored.title': 'Konto wiederhergestellt',
  'page.account_restored.text': 'Ihr Konto ist wiederhergestellt. Sie können sich wieder anmelden.',
  'page.report.title': 'Das war ich nicht',
  'page.report.text':
    'Alle Sitzungen Ihres Kontos enden, sein Passwort gilt nicht mehr, und Sie wählen ein neues. Falls die E-Mail einen neu hinzugekommenen Anmeldeweg betraf, wird dieser entfernt.',
  'page.report.submit': 'Mein Konto sichern',
  'page.unlock.title': 'Konto entsperren',
  'page.unlock.text':
    'Nach zu vielen fehlgeschlagenen Versuchen lehnt Ihr Konto eine Zeit lang Passwörter ab. Sie können diese Sperre jetzt aufheben.',
  'page.unlock.submit': 'Entsperren',
  'page.signed_out.title': 'Abgemeldet',
  'page.signed_out.text': 'Sie haben sich abgemeldet.',

  'page.unlocked.title': 'Konto entsperrt',
  'page.unlocked.text': 'Sie können sich wieder anmelden.',

  'page.magic_link.title': 'Anmelden',
  'page.magic_link.text':
    'Als {email} anmelden? Falls Sie das nicht wollten, schließen Sie die Seite: Dann geschieht nichts.',
  'page.magic_link.submit': 'Anmelden',
  'page.provider_email.title': 'Sind Sie das?',
  'page.provider_email.text':
    '{identity} bei {provider} will sich mit der Adresse {email} anmelden. Wenn Sie fortfahren, kann sich jeder, der dieses Konto bei {provider} hat, bei Ihrem anmelden.',
  'page.provider_email.submit': 'Das bin ich, Code anzeigen',
  'page.signed_in.title': 'Sie sind angemeldet',
  'page.signed_in.text':
    'Geben Sie diesen Code dort ein, wo Sie die Anmeldung begonnen haben. Er gilt einmal und {lifetime} lang.',
  'page.app_return.text': 'Kehren Sie in die App zurück, um die Anmeldung abzuschließen.',
  'page.app_return.submit': 'App öffnen',
  'page.code_shown.title': 'Fast geschafft',
  'page.code_shown.text':
    'Geben Sie diesen Code dort ein, wo Sie sich anmelden wollten. Er gilt einmal und {lifetime} lang.',
  'page.code_shown.warning': 'Geben Sie ihn niemandem, auch nicht, wenn jemand sagt, er arbeite für {app}.',
  'page.support': 'Hilfe',
  'page.going_on.title': 'Zurück zur Anwendung',
  'page.going_on.text': 'Sie werden zu {host} weitergeleitet.',

  'page.invitation.title': 'Einladung',
  'page.invitation.text': '{inviter} lädt Sie zu „{organization}“ bei {app} ein. Ihre Rolle wäre: {role}.',
  'page.invitation.message': 'Die Nachricht dazu: „{message}“',
  'page.invitation.account': 'Wählen Sie ein Passwort: Damit haben Sie ein Konto mit dieser Adresse und sind Mitglied.',
  'page.invitation.name': 'Ihr Name',
  'page.invitation.accept': 'Beitreten',
  'page.invitation.submit': 'Konto anlegen und beitreten',
  'page.invitation.sign_in':
    'Melden Sie sich bei {app} mit dem Konto von {email} an und nehmen Sie die Einladung dort an.',
  'page.invitation.closed': '{app} legt zurzeit keine neuen Konten an. Fragen Sie, wer Sie eingeladen hat.',
  'page.invitation.joined.title': 'Willkommen',
  'page.invitation.joined.text': 'Sie sind als {email} angemeldet und Mitglied von „{organization}“.',
  'page.invitation.revoked.title': 'Diese Einladung wurde zurückgezogen',
  'page.invitation.revoked.text': 'Bitten Sie um eine neue.',

  'page.link.incomplete.title': 'Dieser Link ist unvollständig',
  'page.link.incomplete.text':
    'Ein Teil davon fehlt. E-Mail-Programme schneiden lange Links manchmal ab: Kopieren Sie die ganze Adresse aus der E-Mail in Ihren Browser.',
  'page.link.used.title': 'Dieser Link wurde schon verwendet',
  'page.link.used.text': 'Ein Link gilt nur einmal.',
  'page.link.superseded.title': 'Es gibt einen neueren Link',
  'page.link.superseded.text':
    'Eine neuere E-Mail enthält einen anderen Link, und nur der neueste gilt. Suchen Sie ihn in Ihrem Postfach.',
  'page.link.expired.title': 'Dieser Link ist abgelaufen',
  'page.link.expired.text': 'Er galt bis {until}.',
  'page.link.void.title': 'Dieser Link gilt nicht mehr',
  'page.link.void.text': 'Ihr Konto hat sich geändert, seit die E-Mail gesendet wurde.',
  'page.link.unknown.title': 'Dieser Link funktioniert nicht',
  'page.link.unknown.text':
    'Er ist zu alt oder stammt nicht von uns. Öffnen Sie die neueste E-Mail oder fordern Sie einen neuen Link an.',
  'page.link.renew': 'Neuen Link senden',
  'page.link_renewed.title': 'Sehen Sie in Ihr Postfach',
  'page.link_renewed.text': 'Falls die Adresse einen neuen Link bekommen kann, ist er unterwegs.',

  'page.problem.STEP_UP_REQUIRED': 'Füllen Sie eines der folgenden Felder aus.',
  'page.problem.INVALID_CODE': 'Der Code ist falsch oder wurde schon verwendet.',
  'page.problem.INVALID_PASSWORD': 'Das Passwort ist falsch.',
  'page.problem.WEAK_PASSWORD':
    'Das Passwort ist zu leicht zu erraten. Wählen Sie ein längeres oder weniger verbreitetes.',
  'page.problem.too_short': 'Das Passwort ist zu kurz: Es braucht mindestens {min, plural, other {# Zeichen}}.',
  'page.problem.breached': 'Das Passwort kommt in einem bekannten Datenleck vor. Wählen Sie ein anderes.',

  'page.error.title': 'Das hat nicht funktioniert',
  'page.error.FORBIDDEN':
    'Das Formular wurde nicht von einer unserer Seiten gesendet. Gehen Sie zurück, laden Sie die Seite neu und senden Sie das Formular noch einmal.',
  'page.error.ORIGIN_NOT_ALLOWED':
    'Das Formular wurde nicht von einer unserer Seiten gesendet. Gehen Sie zurück, laden Sie die Seite neu und senden Sie das Formular noch einmal.',
  'page.error.CONFLICT': 'Inzwischen hat ein anderes Konto diese Adresse.',
  'page.error.ACCOUNT_CLOSED':
    'Ein Admin hat dieses Konto geschlossen. Ihr Link gilt weiter bis zu dem Tag, den die E-Mail nennt: Versuchen Sie es noch einmal, wenn das Konto wieder offen ist.',
  'page.error.ACCOUNT_LOCKED': 'Es gab zu viele fehlgeschlagene Versuche. Versuchen Sie es später noch einmal.',
  'page.error.SECOND_FACTOR_LOCKED': 'Es gab zu viele falsche Codes. Versuchen Sie es später noch einmal.',
  'page.error.RATE_LIMIT_EXCEEDED':
    'Es gab zu viele Anfragen. Warten Sie eine Minute und versuchen Sie es dann noch einmal.',
  'page.error.SIGNUPS_DISABLED': 'Zurzeit werden hier keine neuen Konten angelegt.',
  'page.error.MAINTENANCE':
    'Der Dienst wird gerade gewartet. Ihr Link bleibt gültig: Versuchen Sie es später noch einmal.',
  'page.error.REDIRECT_NOT_ALLOWED': 'Die Anwendung, zu der der Link führt, ist hier nicht mehr zugelassen.',
  'page.error.INVALID_TOKEN': 'Der Link ist unvollständig, abgelaufen oder wurde schon benutzt.',
  'page.error.OAUTH_STATE_INVALID':
    'Diese Anmeldung wurde in einem anderen Browser begonnen, schon benutzt oder ist abgelaufen. Gehen Sie zur Anwendung zurück und beginnen Sie neu.',
  'page.error.OAUTH_EXCHANGE_FAILED':
    'Die Anmeldung über den anderen Anbieter hat nicht funktioniert. Beginnen Sie in ein paar Minuten neu.',
  'page.error.OAUTH_DENIED':
    'Der andere Anbieter hat Sie nicht angemeldet. Gehen Sie zur Anwendung zurück und beginnen Sie neu.',
  'page.error.OAUTH_PROVIDER_NOT_CONFIGURED': 'Diese Art der Anmeldung gibt es hier nicht.',
  'page.error.ACCOUNT_LINK_REQUIRED':
    'Es gibt schon ein Konto mit Ihrer Adresse. Melden Sie sich an wie immer und verknüpfen Sie den anderen Anbieter dann in Ihrem Konto.',
  'page.error.EMAIL_REQUIRED': 'Der andere Anbieter hat keine Adresse genannt, die Sie dort bestätigt haben.',
  'page.error.INVALID_CREDENTIALS': 'Dieses Konto kann sich nicht anmelden.',
  'page.error.other': 'Etwas ist schiefgegangen. Versuchen Sie es in ein paar Minuten noch einmal.',

  'page.sign_in.title': 'Anmelden',
  'page.sign_in.for': 'Um zu {host} zu gelangen',
  'page.sign_in.login': 'E-Mail-Adresse oder Benutzername',
  'page.sign_in.password': 'Passwort',
  'page.sign_in.remember': 'Auf diesem Gerät angemeldet bleiben',
  'page.sign_in.submit': 'Anmelden',
  'page.sign_in.forgot': 'Passwort vergessen?',
  'page.sign_in.or': 'oder',
  'page.sign_in.passkey': 'Passkey verwenden',
  'page.sign_in.link': 'Anmeldelink per E-Mail senden',
  'page.sign_in.provider': 'Weiter mit {provider}',
  'page.sign_in.sso': 'Single Sign-on',
  'page.sign_in.no_account': 'Neu hier? {link}',
  'page.sign_in.sign_up': 'Konto anlegen',

  'page.welcome.title': 'Willkommen zurück',
  'page.welcome.text': 'Sie sind als {who} angemeldet.',
  'page.welcome.submit': 'Weiter',
  'page.welcome.app': 'Weiter zu {app}',
  'page.welcome.account': 'Ihr Konto',
  'page.welcome.another': 'Anderes Konto verwenden',
  'page.welcome.sign_out': 'Abmelden',

  'page.second_step.title': 'Noch ein Schritt',
  'page.second_step.text': 'Ihr Konto verlangt einen zweiten Nachweis, dass Sie es sind.',
  'page.second_step.code': 'Code',
  'page.second_step.code_hint': 'Aus Ihrer Authenticator-App, oder einer Ihrer Ersatzcodes.',
  'page.second_step.submit': 'Weiter',
  'page.second_step.passkey_alone':
    'Dieses Konto verlangt als zweiten Nachweis einen Passkey, und der braucht JavaScript.',
  'page.second_step.again': 'Von vorn beginnen',

  'page.sso.title': 'Single Sign-on',
  'page.sso.text': 'Ihre Organisation meldet Sie an.',
  'page.sso.email': 'Geschäftliche E-Mail-Adresse',
  'page.sso.submit': 'Weiter',
  'page.sso.going_title': 'Zu Ihrer Organisation',
  'page.sso.going': 'Sie werden zu {host} weitergeleitet, wo Ihre Organisation Sie anmeldet.',
  'page.sso.going_submit': 'Zu {host}',

  'page.address.title': 'Adresse bestätigen',
  'page.address.text':
    'Der andere Anbieter hat keine Adresse genannt, die Sie dort bestätigt haben. Wir senden Ihnen einen Link, mit dem Sie eine nachweisen.',
  'page.address.submit': 'Link senden',
  'page.address.sent': 'Ein Link ist unterwegs. Öffnen Sie ihn und geben Sie den Code ein, den seine Seite zeigt.',
  'page.address.another': 'Andere Adresse',

  'page.sent.title': 'Sehen Sie in Ihr Postfach',
  'page.sent.link': 'Falls sich die Adresse anmelden kann, ist ein Link unterwegs. Öffnen Sie ihn in diesem Browser.',
  'page.sent.reset':
    'Falls es ein Konto mit dieser Adresse gibt, ist ein Link unterwegs, mit dem Sie ein neues Passwort wählen.',
  'page.sent.verify':
    'Ein Link an Ihre Adresse ist unterwegs. Bestätigen Sie damit die Adresse, dann melden Sie sich an.',
  'page.sent.back': 'Zurück zur Anmeldung',

  'page.open_link.title': 'Anmelden',
  'page.open_link.text': 'Als {who} anmelden?',
  'page.open_link.foreign':
    'Dieser Browser hat den Link nicht angefordert. Fahren Sie nur fort, wenn Sie ihn selbst auf einem anderen Gerät angefordert haben: Ein Link, den Ihnen jemand anderes geschickt hat, meldet Sie in dessen Konto an.',
  'page.open_link.submit': 'Anmelden',

  'page.sign_up.title': 'Konto anlegen',
  'page.sign_up.invited':
    '{organization} lädt Sie ein. Legen Sie Ihr Konto mit der eingeladenen Adresse an, um beizutreten.',
  'page.sign_up.email': 'E-Mail-Adresse',
  'page.sign_up.name': 'Ihr Name (freiwillig)',
  'page.sign_up.password': 'Passwort',
  'page.sign_up.rule':
    'Mindestens {min, plural, other {# Zeichen}}. Gut sind ein paar Wörter, die nur Sie zusammenstellen würden.',
  'page.sign_up.submit': 'Konto anlegen',
  'page.sign_up.terms': 'Mit dem Anlegen des Kontos stimmen Sie den {terms} zu.',
  'page.sign_up.terms_and_privacy':
    'Mit dem Anlegen des Kontos stimmen Sie den {terms} zu. Was mit Ihren Daten geschieht, steht hier: {privacy}.',
  'page.sign_up.privacy': 'Was mit Ihren Daten geschieht, steht hier: {privacy}.',
  'page.sign_up.terms_name': 'Nutzungsbedingungen',
  'page.sign_up.privacy_name': 'Datenschutzerklärung',
  'page.sign_up.have_account': 'Sie haben ein Konto? {link}',

  'page.forgot.title': 'Passwort vergessen',
  'page.forgot.text': 'Wir senden Ihnen einen Link, mit dem Sie ein neues wählen.',
  'page.forgot.email': 'E-Mail-Adresse',
  'page.forgot.submit': 'Link senden',

  'page.sign_out.title': 'Abmelden?',
  'page.sign_out.text': 'Sie sind als {who} angemeldet. Dies meldet Sie in diesem Browser ab.',
  'page.sign_out.submit': 'Abmelden',
  'page.sign_out.done_title': 'Sie sind abgemeldet',
  'page.sign_out.done': 'Anwendungen, die Sie besucht haben, haben eigene Sitzungen.',
  'page.sign_out.back': 'Zurück',
  'page.sign_out.sign_in': 'Wieder anmelden',

  'page.loop.title': 'Ihre Anmeldung kommt nicht an',
  'page.loop.text':
    'Sie sind hier angemeldet, aber {host} schickt Sie immer wieder zurück. Löschen Sie die Cookies dieser Website in Ihrem Browser, dann versuchen Sie es noch einmal.',
  'page.loop.again': 'Noch einmal versuchen',

  'page.passkey.failed': 'Das hat nicht funktioniert. Versuchen Sie es noch einmal, oder melden Sie sich anders an.',

  'page.refused.INVALID_CREDENTIALS': 'Adresse, Benutzername oder Passwort ist falsch.',
  'page.refused.ACCOUNT_LOCKED':
    'Zu viele Versuche, oder das Konto ist gesperrt. Versuchen Sie es später noch einmal, oder wählen Sie ein neues Passwort.',
  'page.refused.EMAIL_NOT_VERIFIED': 'Bestätigen Sie zuerst Ihre Adresse: Ein Link wurde an sie gesendet.',
  'page.refused.MAINTENANCE': 'Die Anmeldung ist wegen Wartung geschlossen. Versuchen Sie es später noch einmal.',
  'page.refused.SSO_REQUIRED': 'Ihre Organisation meldet Sie an.',
  'page.refused.MFA_CODE_INVALID': 'Der Code ist falsch oder wurde schon verwendet.',
  'page.refused.MFA_CHALLENGE_INVALID':
    'Das hat zu lange gedauert oder wurde zu oft versucht. Melden Sie sich noch einmal an.',
  'page.refused.SECOND_FACTOR_LOCKED': 'Zu viele falsche Codes. Versuchen Sie es in einer Stunde noch einmal.',
  'page.refused.RATE_LIMIT_EXCEEDED': 'Zu viele Versuche. Versuchen Sie es später noch einmal.',
  'page.refused.WEAK_PASSWORD': 'Dieses Passwort ist zu leicht zu erraten. Wählen Sie ein anderes.',
  'page.refused.CONFLICT':
    'Es gibt ein Konto mit dieser Adresse. Melden Sie sich an, oder wählen Sie ein neues Passwort.',
  'page.refused.SIGNUPS_DISABLED': 'Zurzeit werden keine neuen Konten angelegt.',
  'page.refused.SSO_CONFIGURATION_NOT_FOUND': 'Keine Organisation meldet diese Adresse an.',
  'page.refused.VALIDATION_ERROR': 'Im Formular fehlt etwas, oder es ist fehlerhaft.',
  'page.refused.OAUTH_CODE_INVALID':
    'Das hat zu lange gedauert oder in einem anderen Browser begonnen. Melden Sie sich noch einmal an.',
  'page.refused.OAUTH_DENIED':
    'Der andere Anbieter hat Sie nicht angemeldet. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.',
  'page.refused.SSO_AUTHENTICATION_ERROR': 'Ihre Organisation hat Sie nicht angemeldet. Fragen Sie deren Admins.',
  'page.refused.OAUTH_ACCOUNT_REFUSED': 'Dieses Konto kann sich nicht anmelden.',
  'page.refused.PASSKEY_NOT_FOUND': 'Dieser Passkey ist hier nicht bekannt.',
  'page.refused.PASSKEY_REFUSED': 'Der Passkey wurde abgelehnt.',
  'page.refused.PASSKEY_CHALLENGE_INVALID': 'Das hat zu lange gedauert. Versuchen Sie es noch einmal.',
  'page.refused.other': 'Das hat nicht funktioniert. Versuchen Sie es später noch einmal.',

  'page.account.title': 'Ihr Konto',
  'page.account.profile': 'Profil',
  'page.account.security': 'Sicherheit',
  'page.account.sessions': 'Geräte',
  'page.account.organizations': 'Organisationen',
  'page.account.data': 'Ihre Daten',
  'page.account.save': 'Speichern',
  'page.account.remove': 'Entfernen',
  'page.account.rename': 'Umbenennen',
  'page.account.cancel': 'Abbrechen',
  'page.account.added_at': 'Hinzugefügt am {day}',
  'page.account.used_at': 'Zuletzt verwendet: {time}',

  'page.account.done.again': 'Danke. Geändert ist noch nichts: Bitte senden Sie das Formular noch einmal ab.',
  'page.account.done.saved': 'Gespeichert.',
  'page.account.done.mailed':
    'Ein Link an die neue Adresse ist unterwegs. Die Adresse ändert sich, sobald Sie ihn öffnen.',
  'page.account.done.password': 'Ihr Passwort ist geändert. Überall sonst sind Sie abgemeldet.',
  'page.account.done.authenticator': 'Ihre Authenticator-App ist eingerichtet.',
  'page.account.done.removed': 'Entfernt.',
  'page.account.done.added': 'Hinzugefügt.',
  'page.account.done.ended': 'Abgemeldet.',
  'page.account.done.linked': 'Verknüpft.',
  'page.account.done.left': 'Sie haben die Organisation verlassen.',
  'page.account.done.two_factors':
    'Diese Organisation verlangt zwei Faktoren. Fügen Sie hier eine Authenticator-App oder einen Passkey hinzu, und fahren Sie dann fort.',
  'page.account.done.invited': 'Die Einladung ist unterwegs.',

  'page.account.names': 'Ihr Name',
  'page.account.display_name': 'Name, wie andere ihn sehen',
  'page.account.first_name': 'Vorname',
  'page.account.last_name': 'Nachname',
  'page.account.username': 'Benutzername',
  'page.account.picture': 'Ihr Bild',
  'page.account.picture_text':
    'Ein PNG, JPEG, WebP oder GIF von höchstens 512 KB. Wer die Adresse des Bildes hat, kann es sehen.',
  'page.account.picture_file': 'Bild auswählen',
  'page.account.picture_submit': 'Dieses Bild verwenden',
  'page.account.address': 'E-Mail-Adresse',
  'page.account.address_text': 'An eine neue Adresse senden wir einen Link; sie gilt, sobald Sie ihn öffnen.',
  'page.account.address_unconfirmed':
    'Sie haben Ihre Adresse noch nicht bestätigt: Öffnen Sie den Link, der an sie gesendet wurde.',
  'page.account.new_address': 'Neue Adresse',
  'page.account.address_submit': 'Adresse ändern',
  'page.account.language': 'Sprache',
  'page.account.language_text': 'Dieser Seiten und der E-Mails an Sie.',
  'page.account.language_of_browser': 'Wie der Browser es wünscht',

  'page.account.password': 'Passwort',
  'page.account.password_text': 'Ein neues Passwort meldet Sie überall sonst ab.',
  'page.account.password_set': 'Passwort per E-Mail setzen',
  'page.account.current_password': 'Aktuelles Passwort',
  'page.account.password_submit': 'Passwort ändern',
  'page.account.passkeys': 'Passkeys',
  'page.account.passkeys_text':
    'Melden Sie sich mit Fingerabdruck, Gesicht, Bildschirmsperre oder Sicherheitsschlüssel an. Niemand kann sie abfangen.',
  'page.account.passkey_unnamed': 'Passkey',
  'page.account.passkey_name': 'Name des Passkeys',
  'page.account.passkey_add': 'Passkey hinzufügen',
  'page.account.passkey_next':
    'Ihr Browser fragt, wo der Passkey liegen soll: auf diesem Gerät, auf Ihrem Telefon oder auf einem Sicherheitsschlüssel.',
  'page.account.passkey_create': 'Passkey erstellen',
  'page.account.passkey_failed': 'Es wurde kein Passkey erstellt. Versuchen Sie es noch einmal.',
  'page.account.passkey_script': 'Ein Passkey braucht JavaScript.',
  'page.account.authenticator': 'Authenticator-App',
  'page.account.authenticator_on': 'Bei der Anmeldung wird nach einem Code aus Ihrer App gefragt.',
  'page.account.authenticator_off':
    'Bei der Anmeldung wird dann auch nach einem Code aus einer App auf Ihrem Telefon gefragt.',
  'page.account.authenticator_add': 'Authenticator-App einrichten',
  'page.account.authenticator_remove': 'Abschalten',
  'page.account.authenticator_scan':
    'Scannen Sie diesen Code mit der App und geben Sie die sechs Ziffern ein, die sie zeigt.',
  'page.account.authenticator_qr': 'QR-Code mit dem Schlüssel, der darunter steht',
  'page.account.authenticator_secret': 'Oder geben Sie diesen Schlüssel in die App ein:',
  'page.account.authenticator_code': 'Code aus der App',
  'page.account.authenticator_confirm': 'Einschalten',
  'page.account.backup_codes': 'Ersatzcodes',
  'page.account.backup_codes_left':
    '{count, plural, =0 {Sie haben keine unbenutzten Codes.} one {Sie haben # unbenutzten Code.} other {Sie haben # unbenutzte Codes.}} Neue ersetzen sie.',
  'page.account.backup_codes_make': 'Neue Codes erstellen',
  'page.account.backup_codes_keep':
    'Bewahren Sie diese Codes dort auf, wo Sie sie ohne Ihr Telefon finden. Jeder gilt einmal, und sie werden nicht noch einmal gezeigt.',
  'page.account.backup_codes_kept': 'Ich habe sie aufbewahrt',
  'page.account.linked': 'Andere Wege zur Anmeldung',
  'page.account.linked_text': 'Konten anderswo, mit denen Sie sich hier anmelden.',
  'page.account.linked_organization': 'Ihre Organisation',
  'page.account.link': 'Verknüpfen',
  'page.account.unlink': 'Trennen',
  'page.account.confirm': 'Bestätigen Sie, dass Sie es sind',
  'page.account.confirm_text':
    'Was Sie tun möchten, braucht einen Nachweis aus den letzten zehn Minuten. Danach machen Sie weiter, wo Sie waren.',

  'page.account.alerts': 'Warnungen der letzten 30 Tage',
  'page.account.alerts_none': 'Es gibt keine.',
  'page.account.sessions_open': 'Wo Sie angemeldet sind',
  'page.account.sessions_text': 'Wenn Sie eine davon nicht kennen, melden Sie sie ab und ändern Sie Ihr Passwort.',
  'page.account.session_this': 'Dieser Browser',
  'page.account.session_end': 'Abmelden',
  'page.account.sessions_end_others': 'Überall sonst abmelden',
  'page.account.device_unknown': 'Unbekanntes Gerät',
  'page.account.activity': 'Letzte Aktivitäten',
  'page.account.activity_signed_in': 'Angemeldet',
  'page.account.activity_session_active': 'Verwendet',
  'page.account.activity_signed_out': 'Abgemeldet',
  'page.account.activity_session_expired': 'Durch Zeitablauf beendet',
  'page.account.activity_session_revoked': 'Beendet',
  'page.alert.multiple_locations': 'Sie sind aus mehr als einem Land angemeldet',
  'page.alert.session.reuse_detected': 'Eine Sitzung wurde kopiert und ist beendet',
  'page.alert.session.refresh_replayed': 'Eine Sitzung wurde gleichzeitig aus zwei Netzen verwendet',
  'page.alert.passkey.counter_regressed': 'Ein Passkey wurde möglicherweise kopiert',
  'page.alert.user.activity_reported': 'Sie haben Aktivitäten gemeldet, die nicht von Ihnen waren',
  'page.alert.user.locked': 'Das Konto wurde gesperrt',
  'page.alert.security.sign_in_locked': 'Zu viele fehlgeschlagene Anmeldeversuche',
  'page.alert.security.new_device': 'Eine Anmeldung von einem neuen Gerät',
  'page.alert.mfa.disabled': 'Die Authenticator-App wurde abgeschaltet',
  'page.alert.passkey.removed': 'Ein Passkey wurde entfernt',
  'page.alert.passkey.registered': 'Ein Passkey wurde hinzugefügt',
  'page.alert.mfa.enabled': 'Eine Authenticator-App wurde eingerichtet',
  'page.alert.user.password_changed': 'Das Passwort wurde geändert',
  'page.alert.user.password_reset': 'Das Passwort wurde zurückgesetzt',
  'page.alert.user.email_changed': 'Die Adresse wurde geändert',
  'page.alert.other': 'Etwas an Ihrem Konto hat sich geändert',

  'page.account.organizations_mine': 'Wo Sie Mitglied sind',
  'page.account.organizations_none': 'Sie sind in keiner Organisation.',
  'page.account.membership_pending': 'Noch nicht angenommen',
  'page.account.member_pending': 'Noch nicht angenommen',
  'page.account.join': 'Beitreten',
  'page.account.leave': 'Verlassen',
  'page.account.members': 'Mitglieder',
  'page.account.members_count': '{count, plural, one {# Mitglied} other {# Mitglieder}}',
  'page.account.member_change': 'Rolle ändern',
  'page.account.role': 'Rolle',
  'page.account.member_remove': 'Aus der Organisation entfernen',
  'page.account.hand_over': 'Organisation übergeben',
  'page.account.hand_over_text': 'Dieses Mitglied wird Eigentümer an Ihrer Stelle, und Sie werden Admin.',
  'page.account.invitations': 'Einladungen',
  'page.account.invitation_until': 'Gültig bis {day}',
  'page.account.invitation_resend': 'Noch einmal senden',
  'page.account.invitation_revoke': 'Zurücknehmen',
  'page.account.invite_email': 'Adresse, die eingeladen wird',
  'page.account.invite_submit': 'Einladen',

  'page.account.export': 'Eine Kopie Ihrer Daten',
  'page.account.export_text':
    'Alles, was wir von Ihnen haben, in einer Datei. Sie ist sofort bereit, einen Tag lang, in diesem Browser.',
  'page.account.export_submit': 'Kopie erstellen',
  'page.account.export_ready': 'Ihre Kopie ist bereit.',
  'page.account.export_download': 'Herunterladen',
  'page.account.delete': 'Konto löschen',
  'page.account.delete_text':
    'Sie werden sofort überall abgemeldet. {grace} lang können Sie das Konto mit einem neuen Passwort per E-Mail wiederherstellen; danach werden alle Daten gelöscht.',
  'page.account.delete_at_once': 'Sie werden überall abgemeldet, und alle Daten werden sofort gelöscht.',
  'page.account.delete_sure': 'Ich möchte mein Konto löschen',
  'page.account.deleted': 'Ihr Konto ist gelöscht',
  'page.account.deleted_text': 'Sie können es {grace} lang wiederherstellen: Fordern Sie ein neues Passwort an.',
  'page.account.deleted_at_once': 'Alle Daten werden gelöscht.',
  'page.account.deleted_held':
    'Ihr Konto ist geschlossen. Ihre Daten werden aufbewahrt, solange das Gesetz es verlangt (Art. 17 Abs. 3 DSGVO), und danach gelöscht.',

  'page.refused.TAKEN': 'Ein anderes Konto hat diesen Namen oder diese Adresse.',
  'page.refused.INVALID_PASSWORD': 'Das Passwort ist falsch.',
  'page.refused.INVALID_CODE': 'Der Code ist falsch oder wurde schon verwendet.',
  'page.refused.UNSUPPORTED_IMAGE': 'Dies ist kein PNG, JPEG, WebP oder GIF.',
  'page.refused.PAYLOAD_TOO_LARGE': 'Das ist zu groß.',
  'page.refused.PASSKEY_ALREADY_REGISTERED': 'Dieser Passkey ist schon hier.',
  'page.refused.TOO_MANY_PASSKEYS': 'Sie haben zu viele Passkeys. Entfernen Sie zuerst einen.',
  'page.refused.BACKUP_CODES_REPLACED':
    'Diese Codes wurden schon erstellt. Wenn Sie sie nicht aufbewahrt haben, erstellen Sie neue.',
  'page.refused.MFA_NOT_STARTED': 'Das hat zu lange gedauert. Richten Sie die App noch einmal ein.',
  'page.refused.LAST_SIGN_IN_METHOD': 'Dies ist Ihr einziger Weg zur Anmeldung. Setzen Sie zuerst ein Passwort.',
  'page.refused.OAUTH_IDENTITY_TAKEN': 'Ein anderes Konto hat diesen Weg zur Anmeldung.',
  'page.refused.OAUTH_ALREADY_LINKED': 'Das ist schon verknüpft.',
  'page.refused.LAST_OWNER': 'Eine Organisation braucht einen Eigentümer: Übergeben Sie sie zuerst.',
  'page.refused.LAST_ADMIN': 'Sie sind hier der einzige Admin. Machen Sie zuerst jemand anderen dazu.',
  'page.refused.ALREADY_MEMBER': 'Wer diese Adresse hat, ist schon Mitglied.',
  'page.refused.INVITATION_PENDING': 'Diese Adresse ist schon eingeladen.',
  'page.refused.DOMAIN_NOT_ALLOWED': 'Adressen dieser Domain werden hier nicht eingeladen.',
  'page.refused.VERIFIED_ADDRESS_REQUIRED': 'Die Adresse muss zuerst bestätigt werden.',
  'page.refused.LIMIT_REACHED': 'Mehr davon sind nicht möglich.',
  'page.refused.INSUFFICIENT_PERMISSIONS': 'Ihre Rolle erlaubt das nicht.',
  'page.refused.SESSION_ALREADY_REVOKED': 'Das ist schon beendet.',

  'page.landing.title': '{app}: Anmeldedienst',
  'page.landing.text':
    'Dieser Dienst meldet Menschen bei {app} an. Anwendungen rufen seine API auf, und E-Mails führen auf seine Seiten.',
  'page.landing.sign_up': 'Wie eine Anwendung Konten anlegt',
  'page.landing.sign_in': 'Wie eine Anwendung Menschen anmeldet',
  'page.landing.docs': 'API-Referenz',
  'page.landing.openapi': 'OpenAPI-Dokument',
  'page.landing.health': 'Zustand des Dienstes',
  'page.mailbox.title': 'Postfach',
  'page.mailbox.text': 'E-Mails, die der lokale Modus behalten statt gesendet hat, die neuesten zuerst.',
  'page.mailbox.to': 'E-Mails an diese Adresse',
  'page.mailbox.show': 'Anzeigen',
  'page.mailbox.empty': 'Es gibt keine E-Mails.',
  'page.mailbox.as_text': 'Als Text',
}
