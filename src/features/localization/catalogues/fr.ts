import type { Catalogue } from '../service/catalogues.ts'

export const fr: Catalogue = {
  'mail.greeting': 'Bonjour,',
  'mail.greeting_by_name': 'Bonjour {name},',
  'mail.unsaid.newEmail': 'une autre adresse',
  'mail.unsaid.factor': 'une clé d’accès ou une application d’authentification',
  'mail.link_hint': 'Si le bouton ne fonctionne pas, ouvrez cette adresse dans votre navigateur :',
  'mail.footer': 'Envoyé par {app}, {url}. Personne ne lit les réponses à cet e-mail.',
  'mail.not_you':
    'Si ce n’était pas vous, signalez-le : toutes les sessions de votre compte prennent fin et vous choisissez un nouveau mot de passe.',

  'mail.ended.one_factor':
    'Vos autres sessions ont pris fin, sauf celles dans lesquelles un second facteur a été utilisé.',
  'mail.ended.all': 'Toutes les sessions du compte ont pris fin.',

  'mail.email_verification.subject': 'Confirmez votre adresse e-mail pour {app}',
  'mail.email_verification.body':
    'Un compte chez {app} utilise cette adresse. Confirmez que l’adresse est la vôtre. Le lien est valable {lifetime}.',
  'mail.email_verification.action': 'Confirmer l’adresse',
  'mail.email_verification.note':
    'Si vous n’avez pas créé de compte, ignorez cet e-mail : rien ne sera alors confirmé.',

  'mail.email_change.subject': 'Confirmez votre nouvelle adresse e-mail pour {app}',
  'mail.email_change.body':
    'Quelqu’un a demandé à utiliser cette adresse pour un compte chez {app}. Confirmez-la pour effectuer le changement. Le lien est valable {lifetime}.',
  'mail.email_change.action': 'Confirmer la nouvelle adresse',
  'mail.email_change.note': 'Si vous n’avez rien demandé, ignorez cet e-mail : rien ne change.',

  'mail.email_change_notice.subject': 'L’adresse e-mail de votre compte {app} est sur le point de changer',
  'mail.email_change_notice.body':
    'Une personne connectée à votre compte chez {app} a demandé à remplacer son adresse e-mail par {newEmail}. Le changement a lieu dès que cette adresse est confirmée.',
  'mail.email_change_notice.action': 'Ce n’était pas moi',

  'mail.email_changed.subject': 'L’adresse e-mail de votre compte {app} a été changée',
  'mail.email_changed.body':
    'Votre compte chez {app} utilisait cette adresse jusqu’au {time}. Son adresse est maintenant {newEmail}. Si ce n’était pas vous, annulez le changement : le compte retrouve cette adresse, toutes les sessions prennent fin, les facteurs de connexion ajoutés depuis sont supprimés et vous choisissez un nouveau mot de passe. Vous pouvez le faire jusqu’au {until}.',
  'mail.email_changed.action': 'Annuler le changement',
  'mail.email_changed.note':
    'Si c’était vous, ignorez cet e-mail. D’ici là, les autres avis concernant votre compte arrivent aussi à cette adresse.',

  'mail.email_reverted.subject': 'Le changement d’adresse e-mail de votre compte {app} a été annulé',
  'mail.email_reverted.body':
    'Votre compte chez {app} a de nouveau l’adresse {newEmail} : une personne qui lit les e-mails de cette adresse a annulé le changement vers celle-ci. Toutes les sessions ont pris fin.',
  'mail.email_reverted.note': 'Si ce n’était pas vous, adressez-vous aux responsables de {app}.',

  'mail.password_reset.subject': 'Réinitialisez votre mot de passe {app}',
  'mail.password_reset.body':
    'Quelqu’un a demandé à réinitialiser le mot de passe de votre compte chez {app}. Choisissez-en un nouveau ici. Le lien fonctionne une fois, pendant {lifetime}.',
  'mail.password_reset.action': 'Choisir un nouveau mot de passe',
  'mail.password_reset.note':
    'Si vous n’avez rien demandé, ignorez cet e-mail : votre mot de passe reste tel qu’il est.',

  'mail.password_dropped.subject': 'Choisissez un nouveau mot de passe pour {app}',
  'mail.password_dropped.body':
    'Vous avez un compte chez {app} dont le mot de passe venait d’un ancien système et n’a pas servi depuis longtemps. Il ne fonctionne plus. Choisissez-en un nouveau ici. Le lien fonctionne une fois, pendant {lifetime} ; ensuite, demandez-en un autre là où vous vous connectez.',
  'mail.password_dropped.action': 'Choisir un nouveau mot de passe',

  'mail.password_changed.subject': 'Votre mot de passe {app} a été changé',
  'mail.password_changed.body':
    'Le mot de passe de votre compte chez {app} a été changé. Vos autres sessions ont pris fin.',
  'mail.password_changed.action': 'Ce n’était pas moi',

  'mail.magic_link.subject': 'Votre lien de connexion pour {app}',
  'mail.magic_link.body': 'Connectez-vous à {app} avec ce lien. Il fonctionne une fois, pendant {lifetime}.',
  'mail.magic_link.action': 'Se connecter',
  'mail.magic_link.note': 'Si vous n’avez rien demandé, ignorez cet e-mail. Ne donnez le lien à personne.',

  'mail.provider_email.subject': 'Confirmez votre adresse pour {app}',
  'mail.provider_email.body':
    'Quelqu’un se connecte à {app} avec {provider} et dit que cette adresse est la sienne. Si c’était vous, ouvrez ce lien. Il fonctionne une fois, pendant {lifetime}.',
  'mail.provider_email.action': 'Confirmer l’adresse',
  'mail.provider_email.note': 'Si ce n’était pas vous, ignorez cet e-mail : il ne se passe rien.',
  'mail.account_exists.subject': 'Vous avez déjà un compte chez {app}',
  'mail.account_exists.body':
    'Quelqu’un a essayé de créer un compte chez {app} avec cette adresse, qui en a déjà un. Si c’était vous, connectez-vous, ou réinitialisez votre mot de passe si vous ne le connaissez pas : le lien fonctionne une fois, pendant {lifetime}.',
  'mail.account_exists.action': 'Aller à votre compte',
  'mail.account_exists.note': 'Si ce n’était pas vous, ignorez cet e-mail : rien n’a changé.',

  'mail.deleted_account.subject': 'Votre compte {app} est en cours de suppression',
  'mail.deleted_account.body':
    'Quelqu’un a demandé le compte chez {app} qui a cette adresse. Il a été supprimé. Jusqu’au {until}, vous pouvez le rétablir ; si vous l’aviez confirmé, son mot de passe ou son second facteur vous est demandé.',
  'mail.deleted_account.action': 'Rétablir le compte',
  'mail.deleted_account.note': 'S’il doit rester supprimé, ignorez cet e-mail.',

  'mail.deleted_by_admin.subject': 'Votre compte {app} est en cours de suppression',
  'mail.deleted_by_admin.body':
    'Quelqu’un a demandé le compte chez {app} qui a cette adresse. Il a été supprimé. Jusqu’au {until}, les responsables de {app} peuvent le rétablir.',
  'mail.deleted_by_admin.note': 'Si vous n’avez rien demandé, ignorez cet e-mail : rien n’a changé.',

  'mail.new_device.subject': 'Nouvelle connexion à votre compte {app}',
  'mail.new_device.body':
    'Votre compte chez {app} a été utilisé depuis un nouvel appareil.\nAppareil : {device}\nAdresse : {ip}\nDate : {time}',
  'mail.new_device.action': 'Ce n’était pas moi',

  'mail.factor_added.subject': 'Un facteur de connexion a été ajouté à votre compte {app}',
  'mail.factor_added.body': 'Votre compte chez {app} a un nouveau facteur de connexion : {factor}.',
  'mail.factor_added.action': 'Ce n’était pas moi',

  'mail.factor_removed.subject': 'Un facteur de connexion a été retiré de votre compte {app}',
  'mail.factor_removed.body': 'Ce facteur de connexion a été retiré de votre compte chez {app} : {factor}.',
  'mail.factor_removed.action': 'Ce n’était pas moi',

  'mail.backup_codes_replaced.subject': 'Les codes de secours de votre compte {app} ont été remplacés',
  'mail.backup_codes_replaced.body':
    'Votre compte chez {app} a de nouveaux codes de secours. Les anciens ne fonctionnent plus.',
  'mail.backup_codes_replaced.action': 'Ce n’était pas moi',

  'mail.mfa_recovery.subject': 'Le second facteur de connexion de votre compte {app}',
  'mail.mfa_recovery.body':
    'Quelqu’un dit que le second facteur de votre compte chez {app} est perdu. Connectez-vous avec l’un de vos codes de secours et désactivez le facteur, ou configurez-le à nouveau. Sans code de secours, adressez-vous aux responsables de {app} : un e-mail seul n’ouvre pas un compte.',
  'mail.mfa_recovery.note': 'Si vous n’avez rien demandé, ignorez cet e-mail : rien n’a changé.',

  'mail.account_locked.subject': 'La connexion à votre compte {app} est bloquée pour un moment',
  'mail.account_locked.body':
    'Il y a eu trop de tentatives échouées de connexion à votre compte chez {app}. Jusqu’au {until}, les mots de passe sont refusés. Vos sessions ouvertes ne sont pas concernées.',
  'mail.account_locked.action': 'Débloquer maintenant',
  'mail.account_locked.note':
    'Si ces tentatives n’étaient pas les vôtres : aucune n’a réussi. Le plus sûr est un mot de passe que vous n’utilisez nulle part ailleurs.',

  'role.owner': 'propriétaire',
  'role.admin': 'administrateur',
  'role.member': 'membre',
  'role.viewer': 'lecteur',

  'mail.invitation.subject': 'Invitation à « {organization} » chez {app}',
  'mail.invitation.body':
    '{inviter} vous invite à rejoindre « {organization} » chez {app}. Votre rôle serait : {role}. L’invitation est valable jusqu’au {until}.',
  'mail.invitation.message': 'Le message : « {message} »',
  'mail.invitation.action': 'Voir l’invitation',
  'mail.invitation.note':
    'Si vous ne connaissez pas cette personne, ignorez cet e-mail : il ne se passe rien. Ne donnez le lien à personne.',

  'mail.member_added.subject': 'Vous avez été ajouté à « {organization} » chez {app}',
  'mail.member_added.body':
    '{inviter} vous a ajouté à « {organization} » chez {app}. Votre rôle serait : {role}. Il ne compte qu’une fois que vous avez accepté : connectez-vous à {app}, puis acceptez ou partez jusqu’au {until}.',
  'mail.member_added.note':
    'Si vous ne connaissez pas cette personne, ignorez cet e-mail : elle n’apprend rien sur vous.',

  'mail.organization_ownerless.subject': 'Organisations sans propriétaire chez {app}',
  'mail.organization_ownerless.body':
    'Ces organisations ont perdu leur dernier propriétaire, et aucun de leurs administrateurs n’a pu prendre le relais : {organizations}. En tant qu’administrateur de {app}, vous pouvez nommer un membre propriétaire.',
  'mail.organization_ownerless.note':
    'Ceci n’est dit qu’une fois. Tant qu’il n’y a pas de propriétaire, seuls les administrateurs de {app} peuvent faire ce qui en demande un.',

  'mail.sso_changed.subject': 'Authentification unique de « {organization} » chez {app}',
  'mail.sso_changed.body': 'Vous êtes propriétaire de « {organization} » chez {app}. {change} C’était le {time}.',
  'mail.sso_changed.note':
    'Si vous ne vous y attendiez pas, demandez aux autres propriétaires et vérifiez à qui appartient l’organisation.',
  'sso_change.created': 'L’authentification unique a été configurée avec {about}.',
  'sso_change.updated': 'La configuration de l’authentification unique a été modifiée : {about}.',
  'sso_change.deleted': 'La configuration de l’authentification unique avec {about} a été supprimée.',
  'sso_change.issuer_changed':
    'Les métadonnées de votre fournisseur d’identité nomment un autre émetteur que {about}. Personne ne peut se connecter par lui tant qu’un propriétaire n’a pas corrigé la configuration.',
  'sso_change.required': 'Les membres doivent désormais passer par l’authentification unique ({about}).',
  'sso_change.optional': 'Les membres ne sont plus obligés de passer par l’authentification unique ({about}).',
  'sso_about.break_glass': 'l’accès de secours est ouvert',
  'sso_about.no_break_glass': 'l’accès de secours est fermé',
  'sso_change.domain_verified':
    'Le domaine {about} a été vérifié : votre fournisseur d’identité répond désormais des adresses de ce domaine.',
  'sso_change.domain_missing':
    'L’enregistrement DNS qui prouve le domaine {about} a disparu. S’il n’est pas revenu dans les 7 jours, le domaine compte comme non vérifié et l’authentification unique prend fin pour ses adresses.',
  'sso_change.domain_lost':
    'Le domaine {about} n’est plus vérifié : l’authentification unique a pris fin pour ses adresses.',

  'mail.sso_break_glass.subject':
    'Une connexion à « {organization} » chez {app} sans passer par son fournisseur d’identité',
  'mail.sso_break_glass.body':
    '« {organization} » exige l’authentification unique. Le {time}, {who} s’est connecté sans elle, en tant que propriétaire avec un mot de passe et un second facteur, ou en tant qu’administrateur de {app}.',
  'mail.sso_break_glass.note':
    'Si personne ne s’y attendait, mettez fin aux sessions de ce compte. Ceci est dit au plus une fois par heure.',
  'mail.webhook_created.subject': 'Un webhook a été ajouté à votre compte {app}',
  'mail.webhook_created.body': 'Désormais, ce qui arrive à votre compte est aussi envoyé à {host}.',
  'mail.webhook_created.note':
    'Si ce n’était pas vous, supprimez le webhook et changez votre mot de passe : la personne qui l’a créé était connectée à votre compte.',
  'mail.webhook_disabled.subject': 'Un webhook chez {app} a été désactivé',
  'mail.webhook_disabled.body':
    'Les événements ne sont plus envoyés à {host} : le serveur a répondu que l’adresse n’existe plus, ou chaque envoi a échoué pendant cinq jours.',
  'mail.webhook_disabled.note':
    'Les événements attendent que le webhook soit réactivé, 10 000 au plus. Supprimez-le s’il ne sert plus.',
  'mail.webhook_author_left.subject': 'Un webhook chez {app} continue sans son auteur',
  'mail.webhook_author_left.body':
    'La personne qui a créé le webhook vers {host} n’a plus le droit de le modifier. Les événements y sont toujours envoyés.',
  'mail.webhook_author_left.note':
    'Si cette personne était seule à pouvoir lire ce qui y arrive, changez l’adresse ou supprimez le webhook. Ceci n’est dit qu’une fois.',

  'mail.account_closed.subject': 'Votre compte {app} a été fermé',
  'mail.account_closed.body':
    'Votre compte chez {app} a été fermé par un administrateur. Personne ne peut s’y connecter.',
  'mail.account_closed.note': 'Les responsables de {app} peuvent vous dire pourquoi, et le rouvrir.',

  'mail.account_reopened.subject': 'Votre compte {app} est de nouveau ouvert',
  'mail.account_reopened.body':
    'Votre compte chez {app} a été ouvert par un administrateur. Vous pouvez à nouveau vous connecter.',

  'mail.account_deleted.subject': 'Votre compte {app} a été supprimé',
  'mail.account_deleted.body': 'Votre compte chez {app} a été supprimé. Ses données seront effacées le {until}.',
  'mail.account_deleted.note':
    'Si ce n’était pas vous, écrivez d’ici là aux responsables de {app} : le compte peut être rétabli.',

  'mail.account_kept.subject': 'Votre compte {app} a été supprimé',
  'mail.account_kept.body':
    'Votre compte chez {app} a été supprimé et fermé. Ses données sont conservées tant que la loi l’exige (article 17, paragraphe 3, du RGPD), puis effacées.',
  'mail.account_kept.note': 'Si ce n’était pas vous, écrivez aux responsables de {app}.',

  'mail.account_restored.subject': 'Votre compte {app} a été rétabli',
  'mail.account_restored.body':
    'La suppression de votre compte chez {app} a été annulée. Si un administrateur l’a annulée, un administrateur doit aussi activer le compte avant que vous puissiez vous connecter.',

  'notification.role_changed.title': 'Votre rôle a changé',
  'notification.role_changed.message':
    'Votre rôle est maintenant {role}. Ce que vous pouvez faire change avec votre prochain jeton.',
  'notification.rights_changed.title': 'Vos droits ont changé',
  'notification.rights_changed.message':
    'Un administrateur a changé ce que vous pouvez faire. Cela compte avec votre prochain jeton.',
  'notification.account_reactivated.title': 'Votre compte est de nouveau actif',
  'notification.account_reactivated.message': 'Vous pouvez à nouveau vous connecter à votre compte.',
  'notification.account_unlocked.title': 'Votre compte a été débloqué',
  'notification.account_unlocked.message':
    'Le blocage de votre compte a été levé. Vous pouvez à nouveau vous connecter.',
  'notification.account_restored.title': 'Votre compte a été rétabli',
  'notification.account_restored.message':
    'La suppression de votre compte a été annulée. Un administrateur doit l’activer avant que vous puissiez vous connecter.',
  'notification.factor_removed.title': 'Un facteur de connexion a été retiré',
  'notification.factor_removed.message':
    'Un administrateur a retiré ce facteur de votre compte : {factor}. Toutes les sessions ont pris fin.',
  'notification.password_changed.title': 'Votre mot de passe a été changé',
  'notification.password_changed.message': 'Le mot de passe de votre compte a été changé.',
  'notification.new_device.title': 'Un nouvel appareil s’est connecté',
  'notification.new_device.message': 'Votre compte a été utilisé depuis un nouvel appareil : {device}.',
  'notification.organization_role_changed.title': 'Votre rôle dans une organisation a changé',
  'notification.organization_role_changed.message': 'Vous êtes maintenant {role} de « {organization} ».',
  'notification.organization_member_removed.title': 'Vous ne faites plus partie d’une organisation',
  'notification.organization_member_removed.message': 'Vous avez été retiré de « {organization} ».',
  'notification.invitation_accepted.title': 'Votre invitation a été acceptée',
  'notification.invitation_accepted.message':
    'Une personne que vous avez invitée est maintenant membre de « {organization} ».',

  'page.continue': 'Continuer vers {app}',
  'page.close': 'Vous pouvez fermer cette page.',
  'page.account': 'Compte',
  'page.password': 'Mot de passe',
  'page.new_password': 'Nouveau mot de passe',
  'page.password_rule':
    'Au moins {min, plural, one {# caractère} many {# de caractères} other {# caractères}}. Ni votre nom ni votre adresse, ni un mot de passe courant.',
  'page.support': 'Aide',
  'page.show_password': 'Afficher le mot de passe',
  'page.passkey_needed':
    'Il faut aussi une clé d’accès de votre compte, que cette page ne peut pas demander. Adressez-vous aux responsables de {app}.',
  'page.code': 'Code de votre application d’authentification, ou un code de secours',

  'page.verify_email.title': 'Confirmez votre adresse',
  'page.verify_email.made': 'Un compte a été créé avec l’adresse {email}.',
  'page.verify_email.changed': 'Quelqu’un a demandé à remplacer l’adresse de son compte par {email}.',
  'page.verify_email.question': 'Avez-vous créé ce compte le {day} ?',
  'page.verify_email.yes': 'Oui, c’était moi',
  'page.verify_email.no': 'Non, ce n’était pas moi',
  'page.verify_email.made_yes': '« Oui » confirme votre adresse et ne change rien d’autre.',
  'page.verify_email.made_no':
    '« Non » vous donne le compte : la personne qui l’a créé est déconnectée, et son mot de passe et ses autres moyens de connexion cessent de fonctionner.',
  'page.verify_email.changed_yes': '« Oui » fait de cette adresse celle du compte.',
  'page.verify_email.changed_no': '« Non » refuse le changement : le compte ne reçoit pas votre adresse.',
  'page.already_verified.title': 'Déjà confirmée',
  'page.already_verified.text': '{email} est déjà confirmée.',
  'page.email_verified.title': 'Adresse confirmée',
  'page.email_verified.text': '{email} est confirmée.',
  'page.change_refused.title': 'Changement refusé',
  'page.change_refused.text': 'Le compte ne reçoit pas l’adresse {email}.',
  'page.taken_over.title': 'Le compte est à vous',
  'page.taken_over.text':
    'La personne qui l’a créé est déconnectée, et son mot de passe et ses autres moyens de connexion cessent de fonctionner. Choisissez un mot de passe si vous voulez utiliser le compte. Sinon, fermez cette page.',

  'page.reset_password.title': 'Choisissez un nouveau mot de passe',
  'page.reset_password.submit': 'Définir le mot de passe',
  'page.password_set.title': 'Mot de passe défini',
  'page.password_set.text':
    'Votre mot de passe est défini et toutes vos sessions ont pris fin. Vous pouvez vous connecter avec le nouveau mot de passe.',
  'page.revert_email.title': 'Annuler le changement',
  'page.revert_email.text':
    'L’adresse de votre compte redevient {email}. Toutes les sessions prennent fin, chaque moyen de connexion ajouté depuis le changement est supprimé et vous choisissez un nouveau mot de passe. Ceci est irréversible.',
  'page.restore_account.title': 'Rétablir votre compte',
  'page.restore_account.text':
    'Votre compte est supprimé mais pas encore effacé. Vous pouvez le rétablir tel qu’il était.',
  'page.restore_account.one_of': 'Une seule des réponses suivantes suffit.',
  'page.restore_account.submit': 'Rétablir le compte',
  'page.account_restored.title': 'Compte rétabli',
  'page.account_restored.text': 'Votre compte est rétabli. Vous pouvez à nouveau vous connecter.',
  'page.report.title': 'Ce n’était pas moi',
  'page.report.text':
    'Toutes les sessions de votre compte prennent fin, son mot de passe cesse de fonctionner et vous en choisissez un nouveau. Si l’e-mail portait sur un moyen de connexion récemment ajouté, celui-ci est supprimé.',
  'page.report.submit': 'Sécuriser mon compte',
  'page.unlock.title': 'Débloquer votre compte',
  'page.unlock.text':
    'Après trop de tentatives échouées, votre compte refuse les mots de passe pendant un moment. Vous pouvez lever ce blocage maintenant.',
  'page.unlock.submit': 'Débloquer',
  'page.signed_out.title': 'Déconnecté',
  'page.signed_out.text': 'Vous vous êtes déconnecté.',

  'page.unlocked.title': 'Compte débloqué',
  'page.unlocked.text': 'Vous pouvez à nouveau vous connecter.',

  'page.magic_link.title': 'Se connecter',
  'page.magic_link.text':
    'Se connecter en tant que {email} ? Si vous n’avez rien demandé, fermez la page : il ne se passe rien.',
  'page.magic_link.submit': 'Se connecter',
  'page.provider_email.title': 'Est-ce vous ?',
  'page.provider_email.text':
    '{identity} de {provider} veut se connecter avec l’adresse {email}. Si vous continuez, quiconque a ce compte chez {provider} peut se connecter au vôtre.',
  'page.provider_email.submit': 'C’est moi, afficher le code',
  'page.signed_in.title': 'Vous êtes connecté',
  'page.signed_in.text':
    'Saisissez ce code là où vous avez commencé à vous connecter. Il fonctionne une fois, pendant {lifetime}.',
  'page.app_return.text': 'Revenez à l’application pour terminer la connexion.',
  'page.app_return.submit': 'Ouvrir l’application',
  'page.code_shown.title': 'Presque terminé',
  'page.code_shown.text':
    'Saisissez ce code là où vous avez demandé à vous connecter. Il fonctionne une fois, pendant {lifetime}.',
  'page.code_shown.warning': 'Ne le donnez à personne, pas même à quelqu’un qui dit travailler pour {app}.',
  'page.going_on.title': 'Retour à l’application',
  'page.going_on.text': 'Vous êtes redirigé vers {host}.',

  'page.invitation.title': 'Invitation',
  'page.invitation.text':
    '{inviter} vous invite à rejoindre « {organization} » chez {app}. Votre rôle serait : {role}.',
  'page.invitation.message': 'Le message : « {message} »',
  'page.invitation.account':
    'Choisissez un mot de passe : il crée votre compte avec cette adresse, et vous êtes membre.',
  'page.invitation.name': 'Votre nom',
  'page.invitation.accept': 'Rejoindre',
  'page.invitation.submit': 'Créer un compte et rejoindre',
  'page.invitation.sign_in': 'Connectez-vous à {app} avec le compte de {email}, et acceptez-y l’invitation.',
  'page.invitation.closed':
    '{app} ne crée pas de nouveaux comptes en ce moment. Adressez-vous à la personne qui vous a invité.',
  'page.invitation.joined.title': 'Bienvenue',
  'page.invitation.joined.text': 'Vous êtes connecté en tant que {email} et membre de « {organization} ».',
  'page.invitation.revoked.title': 'Cette invitation a été retirée',
  'page.invitation.revoked.text': 'Demandez-en une nouvelle à la personne qui vous a invité.',

  'page.link.incomplete.title': 'Ce lien est incomplet',
  'page.link.incomplete.text':
    'Il en manque une partie. Les logiciels de messagerie coupent parfois les longs liens : copiez l’adresse entière de l’e-mail dans votre navigateur.',
  'page.link.used.title': 'Ce lien a déjà été utilisé',
  'page.link.used.text': 'Un lien ne fonctionne qu’une fois.',
  'page.link.superseded.title': 'Il existe un lien plus récent',
  'page.link.superseded.text':
    'Un e-mail plus récent contient un autre lien, et seul le plus récent fonctionne. Cherchez-le dans votre boîte de réception.',
  'page.link.expired.title': 'Ce lien a expiré',
  'page.link.expired.text': 'Il fonctionnait jusqu’au {until}.',
  'page.link.void.title': 'Ce lien ne fonctionne plus',
  'page.link.void.text': 'Votre compte a changé depuis l’envoi de l’e-mail.',
  'page.link.unknown.title': 'Ce lien ne fonctionne pas',
  'page.link.unknown.text':
    'Il est trop ancien, ou n’est pas un des nôtres. Ouvrez l’e-mail le plus récent ou demandez un nouveau lien.',
  'page.link.renew': 'Envoyez-moi un nouveau lien',
  'page.link_renewed.title': 'Consultez votre boîte de réception',
  'page.link_renewed.text': 'Si l’adresse peut recevoir un nouveau lien, il est en route.',

  'page.problem.STEP_UP_REQUIRED': 'Remplissez l’un des champs ci-dessous.',
  'page.problem.INVALID_CODE': 'Le code est faux ou a déjà été utilisé.',
  'page.problem.INVALID_PASSWORD': 'Le mot de passe est faux.',
  'page.problem.WEAK_PASSWORD':
    'Le mot de passe est trop facile à deviner. Choisissez-en un plus long ou moins courant.',
  'page.problem.too_short':
    'Le mot de passe est trop court : il lui faut au moins {min, plural, one {# caractère} many {# de caractères} other {# caractères}}.',
  'page.problem.breached': 'Le mot de passe figure dans une fuite de données connue. Choisissez-en un autre.',

  'page.error.title': 'Cela n’a pas fonctionné',
  'page.error.FORBIDDEN':
    'Le formulaire n’a pas été envoyé par une de nos pages. Revenez en arrière, rechargez la page et envoyez à nouveau le formulaire.',
  'page.error.ORIGIN_NOT_ALLOWED':
    'Le formulaire n’a pas été envoyé par une de nos pages. Revenez en arrière, rechargez la page et envoyez à nouveau le formulaire.',
  'page.error.CONFLICT': 'Un autre compte a entre-temps cette adresse.',
  'page.error.ACCOUNT_CLOSED':
    'Un administrateur a fermé ce compte. Votre lien reste valable jusqu’au jour que l’e-mail indique : réessayez une fois le compte ouvert.',
  'page.error.ACCOUNT_LOCKED': 'Il y a eu trop de tentatives échouées. Réessayez plus tard.',
  'page.error.SECOND_FACTOR_LOCKED': 'Il y a eu trop de codes faux. Réessayez plus tard.',
  'page.error.RATE_LIMIT_EXCEEDED': 'Il y a eu trop de demandes. Attendez une minute, puis réessayez.',
  'page.error.SIGNUPS_DISABLED': 'Aucun nouveau compte n’est créé ici en ce moment.',
  'page.error.MAINTENANCE': 'Le service est en cours de maintenance. Votre lien reste valable : réessayez plus tard.',
  'page.error.REDIRECT_NOT_ALLOWED': 'L’application vers laquelle le lien mène n’est plus autorisée ici.',
  'page.error.INVALID_TOKEN': 'Le lien est incomplet, a expiré ou a déjà été utilisé.',
  'page.error.OAUTH_STATE_INVALID':
    'Cette connexion a été commencée dans un autre navigateur, a déjà été utilisée ou a expiré. Revenez à l’application et recommencez.',
  'page.error.OAUTH_EXCHANGE_FAILED':
    'La connexion avec l’autre fournisseur n’a pas fonctionné. Recommencez dans quelques minutes.',
  'page.error.OAUTH_DENIED': 'L’autre fournisseur ne vous a pas connecté. Revenez à l’application et recommencez.',
  'page.error.OAUTH_PROVIDER_NOT_CONFIGURED': 'Ce moyen de connexion n’est pas disponible ici.',
  'page.error.ACCOUNT_LINK_REQUIRED':
    'Il existe déjà un compte avec votre adresse. Connectez-vous comme d’habitude, puis associez l’autre fournisseur dans votre compte.',
  'page.error.EMAIL_REQUIRED': 'L’autre fournisseur n’a pas donné d’adresse que vous y avez confirmée.',
  'page.error.INVALID_CREDENTIALS': 'Ce compte ne peut pas se connecter.',
  'page.error.other': 'Un problème est survenu. Réessayez dans quelques minutes.',

  'page.sign_in.title': 'Connexion',
  'page.sign_in.for': 'Pour continuer vers {host}',
  'page.sign_in.login': 'Adresse e-mail ou nom d’utilisateur',
  'page.sign_in.password': 'Mot de passe',
  'page.sign_in.remember': 'Rester connecté sur cet appareil',
  'page.sign_in.submit': 'Se connecter',
  'page.sign_in.forgot': 'Mot de passe oublié ?',
  'page.sign_in.or': 'ou',
  'page.sign_in.passkey': 'Utiliser une clé d’accès',
  'page.sign_in.link': 'M’envoyer un lien de connexion par e-mail',
  'page.sign_in.provider': 'Continuer avec {provider}',
  'page.sign_in.sso': 'Authentification unique',
  'page.sign_in.no_account': 'Nouveau ici ? {link}',
  'page.sign_in.sign_up': 'Créer un compte',

  'page.welcome.title': 'Heureux de vous revoir',
  'page.welcome.text': 'Vous êtes connecté en tant que {who}.',
  'page.welcome.submit': 'Continuer',
  'page.welcome.app': 'Continuer vers {app}',
  'page.welcome.account': 'Votre compte',
  'page.welcome.another': 'Utiliser un autre compte',
  'page.welcome.sign_out': 'Se déconnecter',

  'page.second_step.title': 'Encore une étape',
  'page.second_step.text': 'Votre compte demande une seconde preuve que c’est bien vous.',
  'page.second_step.code': 'Code',
  'page.second_step.code_hint': 'De votre application d’authentification, ou l’un de vos codes de secours.',
  'page.second_step.submit': 'Continuer',
  'page.second_step.passkey_alone':
    'Ce compte utilise une clé d’accès comme seconde preuve, ce qui nécessite JavaScript.',
  'page.second_step.again': 'Recommencer',

  'page.sso.title': 'Authentification unique',
  'page.sso.text': 'Votre organisation vous connecte.',
  'page.sso.email': 'Adresse e-mail professionnelle',
  'page.sso.submit': 'Continuer',
  'page.sso.going_title': 'Vers votre organisation',
  'page.sso.going': 'Vous êtes redirigé vers {host}, où votre organisation vous connecte.',
  'page.sso.going_submit': 'Aller à {host}',

  'page.address.title': 'Confirmer votre adresse',
  'page.address.text':
    'L’autre fournisseur n’a pas donné d’adresse que vous y avez confirmée. Nous vous envoyons un lien pour en prouver une.',
  'page.address.submit': 'M’envoyer le lien',
  'page.address.sent': 'Un lien est en route. Ouvrez-le et saisissez le code que sa page affiche.',
  'page.address.another': 'Une autre adresse',

  'page.sent.title': 'Consultez votre messagerie',
  'page.sent.link': 'Si l’adresse peut se connecter, un lien est en route. Ouvrez-le dans ce navigateur.',
  'page.sent.reset':
    'S’il existe un compte avec cette adresse, un lien pour choisir un nouveau mot de passe est en route.',
  'page.sent.verify':
    'Un lien est en route vers votre adresse. Ouvrez-le pour confirmer l’adresse, puis connectez-vous.',
  'page.sent.back': 'Retour à la connexion',

  'page.open_link.title': 'Connexion',
  'page.open_link.text': 'Se connecter en tant que {who} ?',
  'page.open_link.foreign':
    'Ce navigateur n’a pas demandé le lien. Ne continuez que si vous l’avez demandé vous-même, sur un autre appareil : un lien envoyé par quelqu’un d’autre vous connecte à son compte.',
  'page.open_link.submit': 'Se connecter',

  'page.sign_up.title': 'Créer un compte',
  'page.sign_up.invited': '{organization} vous invite. Créez votre compte avec l’adresse invitée pour la rejoindre.',
  'page.sign_up.email': 'Adresse e-mail',
  'page.sign_up.name': 'Votre nom (facultatif)',
  'page.sign_up.password': 'Mot de passe',
  'page.sign_up.rule':
    'Au moins {min, plural, one {# caractère} other {# caractères}}. Quelques mots que vous seul associeriez conviennent bien.',
  'page.sign_up.submit': 'Créer le compte',
  'page.sign_up.terms': 'En créant un compte, vous acceptez les {terms}.',
  'page.sign_up.terms_and_privacy':
    'En créant un compte, vous acceptez les {terms}. La {privacy} dit ce que deviennent vos données.',
  'page.sign_up.privacy': 'La {privacy} dit ce que deviennent vos données.',
  'page.sign_up.terms_name': 'conditions d’utilisation',
  'page.sign_up.privacy_name': 'politique de confidentialité',
  'page.sign_up.have_account': 'Vous avez un compte ? {link}',

  'page.forgot.title': 'Mot de passe oublié',
  'page.forgot.text': 'Nous vous envoyons un lien avec lequel vous en choisissez un nouveau.',
  'page.forgot.email': 'Adresse e-mail',
  'page.forgot.submit': 'M’envoyer le lien',

  'page.sign_out.title': 'Se déconnecter ?',
  'page.sign_out.text': 'Vous êtes connecté en tant que {who}. Ceci vous déconnecte dans ce navigateur.',
  'page.sign_out.submit': 'Se déconnecter',
  'page.sign_out.done_title': 'Vous êtes déconnecté',
  'page.sign_out.done': 'Les applications où vous êtes allé ont leurs propres sessions.',
  'page.sign_out.back': 'Retour',
  'page.sign_out.sign_in': 'Se reconnecter',

  'page.loop.title': 'Votre connexion n’aboutit pas',
  'page.loop.text':
    'Vous êtes connecté ici, mais {host} vous renvoie sans cesse. Supprimez les cookies de ce site dans votre navigateur, puis réessayez.',
  'page.loop.again': 'Réessayer',

  'page.passkey.failed': 'Cela n’a pas fonctionné. Réessayez, ou connectez-vous autrement.',

  'page.refused.INVALID_CREDENTIALS': 'L’adresse, le nom d’utilisateur ou le mot de passe est incorrect.',
  'page.refused.ACCOUNT_LOCKED':
    'Trop de tentatives, ou le compte est bloqué. Réessayez plus tard, ou choisissez un nouveau mot de passe.',
  'page.refused.EMAIL_NOT_VERIFIED': 'Confirmez d’abord votre adresse : un lien y a été envoyé.',
  'page.refused.MAINTENANCE': 'La connexion est fermée pour maintenance. Réessayez plus tard.',
  'page.refused.SSO_REQUIRED': 'Votre organisation vous connecte.',
  'page.refused.MFA_CODE_INVALID': 'Le code est incorrect ou a déjà été utilisé.',
  'page.refused.MFA_CHALLENGE_INVALID': 'Cela a pris trop de temps ou a été tenté trop souvent. Reconnectez-vous.',
  'page.refused.SECOND_FACTOR_LOCKED': 'Trop de codes incorrects. Réessayez dans une heure.',
  'page.refused.RATE_LIMIT_EXCEEDED': 'Trop de tentatives. Réessayez plus tard.',
  'page.refused.WEAK_PASSWORD': 'Ce mot de passe est trop facile à deviner. Choisissez-en un autre.',
  'page.refused.CONFLICT':
    'Il existe un compte avec cette adresse. Connectez-vous, ou choisissez un nouveau mot de passe.',
  'page.refused.SIGNUPS_DISABLED': 'La création de comptes n’est pas ouverte.',
  'page.refused.SSO_CONFIGURATION_NOT_FOUND': 'Aucune organisation ne connecte cette adresse.',
  'page.refused.VALIDATION_ERROR': 'Il manque quelque chose dans le formulaire, ou une valeur est mal formée.',
  'page.refused.OAUTH_CODE_INVALID':
    'Cela a pris trop de temps ou a commencé dans un autre navigateur. Reconnectez-vous.',
  'page.refused.OAUTH_DENIED': 'L’autre fournisseur ne vous a pas connecté. Réessayez, ou choisissez un autre moyen.',
  'page.refused.SSO_AUTHENTICATION_ERROR':
    'L’authentification unique ne vous a pas connecté. Adressez-vous aux admins de votre organisation.',
  'page.refused.OAUTH_ACCOUNT_REFUSED': 'Ce compte ne peut pas se connecter.',
  'page.refused.PASSKEY_NOT_FOUND': 'Cette clé d’accès n’est pas connue ici.',
  'page.refused.PASSKEY_REFUSED': 'La clé d’accès a été refusée.',
  'page.refused.PASSKEY_CHALLENGE_INVALID': 'Cela a pris trop de temps. Réessayez.',
  'page.refused.other': 'Cela n’a pas fonctionné. Réessayez plus tard.',

  'page.account.title': 'Votre compte',
  'page.account.profile': 'Profil',
  'page.account.security': 'Sécurité',
  'page.account.sessions': 'Appareils',
  'page.account.organizations': 'Organisations',
  'page.account.data': 'Vos données',
  'page.account.save': 'Enregistrer',
  'page.account.remove': 'Supprimer',
  'page.account.rename': 'Renommer',
  'page.account.cancel': 'Annuler',
  'page.account.added_at': 'Ajouté le {day}',
  'page.account.used_at': 'Dernière utilisation : {time}',

  'page.account.done.again': 'Merci. Rien n’a encore changé : veuillez envoyer le formulaire une nouvelle fois.',
  'page.account.done.saved': 'Enregistré.',
  'page.account.done.mailed': 'Un lien est en route vers la nouvelle adresse. L’adresse change dès que vous l’ouvrez.',
  'page.account.done.password': 'Votre mot de passe est changé. Vous êtes déconnecté partout ailleurs.',
  'page.account.done.authenticator': 'Votre application d’authentification est configurée.',
  'page.account.done.removed': 'Supprimé.',
  'page.account.done.added': 'Ajouté.',
  'page.account.done.ended': 'Déconnecté.',
  'page.account.done.linked': 'Lié.',
  'page.account.done.left': 'Vous avez quitté l’organisation.',
  'page.account.done.two_factors':
    'Cette organisation exige deux facteurs. Ajoutez ici une application d’authentification ou une clé d’accès, puis continuez.',
  'page.account.done.invited': 'L’invitation est en route.',

  'page.account.names': 'Votre nom',
  'page.account.display_name': 'Nom tel que les autres le voient',
  'page.account.first_name': 'Prénom',
  'page.account.last_name': 'Nom de famille',
  'page.account.username': 'Nom d’utilisateur',
  'page.account.picture': 'Votre photo',
  'page.account.picture_text': 'Un PNG, JPEG, WebP ou GIF de 512 Ko au plus. Quiconque a son adresse peut la voir.',
  'page.account.picture_file': 'Choisir une photo',
  'page.account.picture_submit': 'Utiliser cette photo',
  'page.account.address': 'Adresse e-mail',
  'page.account.address_text': 'Nous envoyons un lien à la nouvelle adresse, qui vaut dès que vous l’ouvrez.',
  'page.account.address_unconfirmed':
    'Vous n’avez pas encore confirmé votre adresse : ouvrez le lien qui y a été envoyé.',
  'page.account.new_address': 'Nouvelle adresse',
  'page.account.address_submit': 'Changer l’adresse',
  'page.account.language': 'Langue',
  'page.account.language_text': 'De ces pages, et des e-mails que vous recevez.',
  'page.account.language_of_browser': 'Selon le navigateur',

  'page.account.password': 'Mot de passe',
  'page.account.password_text': 'Un nouveau mot de passe vous déconnecte partout ailleurs.',
  'page.account.password_set': 'Définir un mot de passe par e-mail',
  'page.account.current_password': 'Mot de passe actuel',
  'page.account.password_submit': 'Changer le mot de passe',
  'page.account.passkeys': 'Clés d’accès',
  'page.account.passkeys_text':
    'Connectez-vous avec votre empreinte, votre visage, le verrouillage de l’écran ou une clé de sécurité. Personne ne peut les hameçonner.',
  'page.account.passkey_unnamed': 'Clé d’accès',
  'page.account.passkey_name': 'Nom de la clé d’accès',
  'page.account.passkey_add': 'Ajouter une clé d’accès',
  'page.account.passkey_next':
    'Votre navigateur demande où garder la clé d’accès : sur cet appareil, sur votre téléphone ou sur une clé de sécurité.',
  'page.account.passkey_create': 'Créer la clé d’accès',
  'page.account.passkey_failed': 'Aucune clé d’accès n’a été créée. Réessayez.',
  'page.account.passkey_script': 'Une clé d’accès nécessite JavaScript.',
  'page.account.authenticator': 'Application d’authentification',
  'page.account.authenticator_on': 'La connexion demande un code de votre application.',
  'page.account.authenticator_off': 'La connexion demande alors aussi un code d’une application de votre téléphone.',
  'page.account.authenticator_add': 'Configurer une application d’authentification',
  'page.account.authenticator_remove': 'Désactiver',
  'page.account.authenticator_scan':
    'Scannez ce code avec l’application, puis saisissez les six chiffres qu’elle affiche.',
  'page.account.authenticator_qr': 'Code QR contenant la clé ci-dessous',
  'page.account.authenticator_secret': 'Ou saisissez cette clé dans l’application :',
  'page.account.authenticator_code': 'Code de l’application',
  'page.account.authenticator_confirm': 'Activer',
  'page.account.backup_codes': 'Codes de secours',
  'page.account.backup_codes_left':
    '{count, plural, =0 {Vous n’avez aucun code inutilisé.} one {Vous avez # code inutilisé.} other {Vous avez # codes inutilisés.}} De nouveaux codes les remplacent.',
  'page.account.backup_codes_make': 'Créer de nouveaux codes',
  'page.account.backup_codes_keep':
    'Gardez-les là où vous les retrouverez sans votre téléphone. Chacun sert une fois, et ils ne seront plus affichés.',
  'page.account.backup_codes_kept': 'Je les ai gardés',
  'page.account.linked': 'Autres moyens de connexion',
  'page.account.linked_text': 'Des comptes ailleurs avec lesquels vous vous connectez ici.',
  'page.account.linked_organization': 'Votre organisation',
  'page.account.link': 'Lier',
  'page.account.unlink': 'Délier',
  'page.account.confirm': 'Confirmez que c’est bien vous',
  'page.account.confirm_text':
    'Ce que vous voulez faire exige une preuve des dix dernières minutes. Vous reprendrez ensuite là où vous étiez.',

  'page.account.alerts': 'Alertes des 30 derniers jours',
  'page.account.alerts_none': 'Il n’y en a pas.',
  'page.account.sessions_open': 'Où vous êtes connecté',
  'page.account.sessions_text': 'Si vous n’en reconnaissez pas une, déconnectez-la et changez votre mot de passe.',
  'page.account.session_this': 'Ce navigateur',
  'page.account.session_end': 'Déconnecter',
  'page.account.sessions_end_others': 'Déconnecter partout ailleurs',
  'page.account.device_unknown': 'Appareil inconnu',
  'page.account.activity': 'Activité récente',
  'page.account.activity_signed_in': 'Connexion',
  'page.account.activity_session_active': 'Utilisation',
  'page.account.activity_signed_out': 'Déconnexion',
  'page.account.activity_session_expired': 'Expirée',
  'page.account.activity_session_revoked': 'Terminée',
  'page.alert.multiple_locations': 'Vous êtes connecté depuis plus d’un pays',
  'page.alert.session.reuse_detected': 'Une session a été copiée, et a pris fin',
  'page.alert.session.refresh_replayed': 'Une session a été utilisée depuis deux réseaux en même temps',
  'page.alert.passkey.counter_regressed': 'Une clé d’accès a peut-être été copiée',
  'page.alert.user.activity_reported': 'Vous avez signalé une activité qui n’était pas la vôtre',
  'page.alert.user.locked': 'Le compte a été bloqué',
  'page.alert.security.sign_in_locked': 'Trop de tentatives de connexion échouées',
  'page.alert.security.new_device': 'Une connexion depuis un nouvel appareil',
  'page.alert.mfa.disabled': 'L’application d’authentification a été désactivée',
  'page.alert.passkey.removed': 'Une clé d’accès a été supprimée',
  'page.alert.passkey.registered': 'Une clé d’accès a été ajoutée',
  'page.alert.mfa.enabled': 'Une application d’authentification a été configurée',
  'page.alert.user.password_changed': 'Le mot de passe a été changé',
  'page.alert.user.password_reset': 'Le mot de passe a été réinitialisé',
  'page.alert.user.email_changed': 'L’adresse a été changée',
  'page.alert.other': 'Quelque chose a changé dans votre compte',

  'page.account.organizations_mine': 'Où vous êtes membre',
  'page.account.organizations_none': 'Vous n’êtes dans aucune organisation.',
  'page.account.membership_pending': 'Pas encore acceptée',
  'page.account.member_pending': 'Pas encore acceptée',
  'page.account.join': 'Rejoindre',
  'page.account.leave': 'Quitter',
  'page.account.members': 'Membres',
  'page.account.members_count': '{count, plural, one {# membre} other {# membres}}',
  'page.account.member_change': 'Changer le rôle',
  'page.account.role': 'Rôle',
  'page.account.member_remove': 'Retirer de l’organisation',
  'page.account.hand_over': 'Transmettre l’organisation',
  'page.account.hand_over_text': 'Ce membre devient propriétaire à votre place, et vous devenez administrateur.',
  'page.account.invitations': 'Invitations',
  'page.account.invitation_until': 'Valable jusqu’au {day}',
  'page.account.invitation_resend': 'Renvoyer',
  'page.account.invitation_revoke': 'Annuler l’invitation',
  'page.account.invite_email': 'Adresse à inviter',
  'page.account.invite_submit': 'Inviter',

  'page.account.export': 'Une copie de vos données',
  'page.account.export_text':
    'Tout ce que nous avons sur vous, en un seul fichier. Il est prêt aussitôt, pour un jour, dans ce navigateur.',
  'page.account.export_submit': 'Créer une copie',
  'page.account.export_ready': 'Votre copie est prête.',
  'page.account.export_download': 'La télécharger',
  'page.account.delete': 'Supprimer le compte',
  'page.account.delete_text':
    'Vous êtes aussitôt déconnecté partout. Pendant {grace}, vous pouvez restaurer le compte avec un nouveau mot de passe par e-mail ; ensuite toutes les données sont effacées.',
  'page.account.delete_at_once': 'Vous êtes déconnecté partout, et toutes les données sont effacées aussitôt.',
  'page.account.delete_sure': 'Je veux supprimer mon compte',
  'page.account.deleted': 'Votre compte est supprimé',
  'page.account.deleted_text': 'Vous pouvez le restaurer pendant {grace} : demandez un nouveau mot de passe.',
  'page.account.deleted_at_once': 'Toutes les données sont en cours d’effacement.',
  'page.account.deleted_held':
    'Votre compte est fermé. Vos données sont conservées tant que la loi l’exige (article 17, paragraphe 3, du RGPD), puis effacées.',

  'page.refused.TAKEN': 'Un autre compte a ce nom ou cette adresse.',
  'page.refused.INVALID_PASSWORD': 'Le mot de passe est incorrect.',
  'page.refused.INVALID_CODE': 'Le code est incorrect ou a déjà été utilisé.',
  'page.refused.UNSUPPORTED_IMAGE': 'Ce n’est ni un PNG, ni un JPEG, ni un WebP, ni un GIF.',
  'page.refused.PAYLOAD_TOO_LARGE': 'C’est trop volumineux.',
  'page.refused.PASSKEY_ALREADY_REGISTERED': 'Cette clé d’accès est déjà ici.',
  'page.refused.TOO_MANY_PASSKEYS': 'Vous avez trop de clés d’accès. Supprimez-en d’abord une.',
  'page.refused.BACKUP_CODES_REPLACED':
    'Ces codes ont déjà été créés. Si vous ne les avez pas gardés, créez-en de nouveaux.',
  'page.refused.MFA_NOT_STARTED': 'Cela a pris trop de temps. Configurez l’application à nouveau.',
  'page.refused.LAST_SIGN_IN_METHOD': 'C’est votre seul moyen de connexion. Définissez d’abord un mot de passe.',
  'page.refused.OAUTH_IDENTITY_TAKEN': 'Un autre compte a ce moyen de connexion.',
  'page.refused.OAUTH_ALREADY_LINKED': 'C’est déjà lié.',
  'page.refused.LAST_OWNER': 'Une organisation a besoin d’un propriétaire : transmettez-la d’abord.',
  'page.refused.LAST_ADMIN': 'Vous êtes le seul administrateur ici. Nommez-en d’abord un autre.',
  'page.refused.ALREADY_MEMBER': 'La personne à cette adresse est déjà membre.',
  'page.refused.INVITATION_PENDING': 'Cette adresse est déjà invitée.',
  'page.refused.DOMAIN_NOT_ALLOWED': 'Les adresses de ce domaine ne sont pas invitées ici.',
  'page.refused.VERIFIED_ADDRESS_REQUIRED': 'L’adresse doit d’abord être confirmée.',
  'page.refused.LIMIT_REACHED': 'Il ne peut pas y en avoir davantage.',
  'page.refused.INSUFFICIENT_PERMISSIONS': 'Votre rôle ne le permet pas.',
  'page.refused.SESSION_ALREADY_REVOKED': 'C’est déjà terminé.',

  'page.landing.title': '{app} : service de connexion',
  'page.landing.text':
    'Ce service connecte les personnes à {app}. Les applications appellent son API, et les e-mails mènent à ses pages.',
  'page.landing.sign_up': 'Comment une application inscrit des personnes',
  'page.landing.sign_in': 'Comment une application connecte des personnes',
  'page.landing.docs': 'Référence de l’API',
  'page.landing.openapi': 'Document OpenAPI',
  'page.landing.health': 'État du service',
  'page.mailbox.title': 'Boîte de réception',
  'page.mailbox.text': 'E-mails que le mode local a conservés au lieu de les envoyer, les plus récents d’abord.',
  'page.mailbox.to': 'E-mails à cette adresse',
  'page.mailbox.show': 'Afficher',
  'page.mailbox.empty': 'Il n’y a pas d’e-mails.',
  'page.mailbox.as_text': 'En texte',

  'sso_change.certificate_added':
    'Votre fournisseur d’identité a publié un nouveau certificat, désormais accepté : {about}.',
  'sso_change.certificate_removed':
    'Votre fournisseur d’identité ne publie plus un certificat, qui n’est donc plus accepté : {about}.',
  'sso_change.certificate_expiring':
    'Un certificat de votre fournisseur d’identité expire bientôt : {about}. Les connexions continuent, mais le fournisseur va le remplacer : assurez-vous que le nouveau est connu ici.',
  'mail.data_exported.subject': 'Une copie de vos données chez {app} a été demandée',
  'mail.data_exported.body':
    'Une copie des données que {app} détient sur vous a été demandée. Pendant un jour, elle peut être téléchargée dans la session qui l’a demandée, et nulle part ailleurs.',
  'mail.data_exported.action': 'Ce n’était pas moi',
  'mail.data_request_extended.subject': 'Votre demande auprès de {app} prend plus de temps',
  'mail.data_request_extended.body':
    'Votre demande concernant vos données chez {app} prend plus de trente jours. Vous aurez une réponse au plus tard le {until}. La raison :',
  'mail.data_request_extended.message': '« {message} »',
  'mail.data_request_answered.subject': 'Votre demande auprès de {app} a reçu une réponse',
  'mail.data_request_answered.body':
    'Un administrateur de {app} a répondu à votre demande concernant vos données. {outcome}',
  'mail.data_request_answered.message': '« {message} »',
  'data_request.completed': 'Elle est traitée.',
  'data_request.rejected': 'Elle a été refusée.',
  'mail.data_requests_due.subject': 'Des demandes sur des données personnelles chez {app} arrivent à échéance',
  'mail.data_requests_due.body':
    'Demandes qui attendent une réponse : {count}. La première arrive à échéance le {until}.',
  'mail.data_requests_due.note':
    'Elles doivent avoir une réponse d’ici là (RGPD, article 12(3)). Cet e-mail est envoyé une semaine avant l’échéance, puis le jour même.',
}
