import type { Catalogue } from '../service/catalogues.ts'

export const es: Catalogue = {
  'mail.greeting': 'Hola:',
  'mail.greeting_by_name': 'Hola, {name}:',
  'mail.unsaid.newEmail': 'otra dirección',
  'mail.unsaid.factor': 'una llave de acceso o una aplicación de autenticación',
  'mail.link_hint': 'Si el botón no funciona, abra esta dirección en su navegador:',
  'mail.footer': 'Enviado por {app}, {url}. Nadie lee las respuestas a este correo.',
  'mail.not_you':
    'Si no ha sido usted, comuníquelo: terminan todas las sesiones de su cuenta y usted elige una contraseña nueva.',

  'mail.ended.one_factor': 'Sus otras sesiones han terminado, salvo aquellas en las que se usó un segundo factor.',
  'mail.ended.all': 'Todas las sesiones de la cuenta han terminado.',

  'mail.email_verification.subject': 'Confirme su dirección de correo para {app}',
  'mail.email_verification.body':
    'Una cuenta de {app} usa esta dirección. Confirme que la dirección es suya. El enlace funciona durante {lifetime}.',
  'mail.email_verification.action': 'Confirmar la dirección',
  'mail.email_verification.note': 'Si no ha creado ninguna cuenta, ignore este correo: entonces no se confirma nada.',

  'mail.email_change.subject': 'Confirme su nueva dirección de correo para {app}',
  'mail.email_change.body':
    'Alguien ha pedido usar esta dirección para una cuenta de {app}. Confírmela para hacer el cambio. El enlace funciona durante {lifetime}.',
  'mail.email_change.action': 'Confirmar la nueva dirección',
  'mail.email_change.note': 'Si no lo ha pedido usted, ignore este correo: no cambia nada.',

  'mail.email_change_notice.subject': 'La dirección de correo de su cuenta de {app} está a punto de cambiar',
  'mail.email_change_notice.body':
    'Alguien que ha iniciado sesión en su cuenta de {app} ha pedido cambiar su dirección de correo a {newEmail}. El cambio se hace cuando esa dirección se confirme.',
  'mail.email_change_notice.action': 'No he sido yo',

  'mail.email_changed.subject': 'La dirección de correo de su cuenta de {app} ha cambiado',
  'mail.email_changed.body':
    'Su cuenta de {app} usó esta dirección hasta el {time}. Su dirección es ahora {newEmail}. Si no ha sido usted, deshaga el cambio: la cuenta recupera esta dirección, todas las sesiones terminan, se quitan los factores de acceso añadidos desde entonces y usted elige una contraseña nueva. Puede hacerlo hasta el {until}.',
  'mail.email_changed.action': 'Deshacer el cambio',
  'mail.email_changed.note':
    'Si ha sido usted, ignore este correo. Hasta entonces, otros avisos sobre su cuenta llegan también a esta dirección.',

  'mail.email_reverted.subject': 'Se ha deshecho el cambio de dirección de correo de su cuenta de {app}',
  'mail.email_reverted.body':
    'Su cuenta de {app} vuelve a tener la dirección {newEmail}: alguien que lee los correos de esa dirección ha deshecho el cambio a esta. Todas las sesiones han terminado.',
  'mail.email_reverted.note': 'Si no ha sido usted, pregunte a los responsables de {app}.',

  'mail.password_reset.subject': 'Restablezca su contraseña de {app}',
  'mail.password_reset.body':
    'Alguien ha pedido restablecer la contraseña de su cuenta de {app}. Elija aquí una nueva. El enlace funciona una vez, durante {lifetime}.',
  'mail.password_reset.action': 'Elegir una contraseña nueva',
  'mail.password_reset.note': 'Si no lo ha pedido usted, ignore este correo: su contraseña sigue como está.',

  'mail.password_dropped.subject': 'Elija una contraseña nueva para {app}',
  'mail.password_dropped.body':
    'Usted tiene una cuenta de {app} cuya contraseña procede de un sistema anterior y no se ha usado en mucho tiempo. Ya no funciona. Elija aquí una nueva. El enlace funciona una vez, durante {lifetime}; después, pida otro donde inicia sesión.',
  'mail.password_dropped.action': 'Elegir una contraseña nueva',

  'mail.password_changed.subject': 'Su contraseña de {app} ha cambiado',
  'mail.password_changed.body': 'La contraseña de su cuenta de {app} ha cambiado. Sus otras sesiones han terminado.',
  'mail.password_changed.action': 'No he sido yo',

  'mail.magic_link.subject': 'Su enlace para iniciar sesión en {app}',
  'mail.magic_link.body': 'Inicie sesión en {app} con este enlace. Funciona una vez, durante {lifetime}.',
  'mail.magic_link.action': 'Iniciar sesión',
  'mail.magic_link.note': 'Si no lo ha pedido usted, ignore este correo. No dé el enlace a nadie.',

  'mail.provider_email.subject': 'Confirme su dirección para {app}',
  'mail.provider_email.body':
    'Alguien inicia sesión en {app} con {provider} y dice que esta es su dirección. Si ha sido usted, abra este enlace. Funciona una vez, durante {lifetime}.',
  'mail.provider_email.action': 'Confirmar la dirección',
  'mail.provider_email.note': 'Si no ha sido usted, ignore este correo: no pasa nada.',
  'mail.account_exists.subject': 'Ya tiene una cuenta de {app}',
  'mail.account_exists.body':
    'Alguien ha intentado crear una cuenta de {app} con esta dirección, que ya tiene una. Si ha sido usted, inicie sesión, o restablezca su contraseña si no la sabe: el enlace funciona una vez, durante {lifetime}.',
  'mail.account_exists.action': 'Ir a su cuenta',
  'mail.account_exists.note': 'Si no ha sido usted, ignore este correo: no ha cambiado nada.',

  'mail.deleted_account.subject': 'Su cuenta de {app} se está eliminando',
  'mail.deleted_account.body':
    'Alguien ha preguntado por la cuenta de {app} que tiene esta dirección. Se ha eliminado. Hasta el {until} puede restaurarla; si la había confirmado, se le pide su contraseña o su segundo factor.',
  'mail.deleted_account.action': 'Restaurar la cuenta',
  'mail.deleted_account.note': 'Si debe seguir eliminada, ignore este correo.',

  'mail.deleted_by_admin.subject': 'Su cuenta de {app} se está eliminando',
  'mail.deleted_by_admin.body':
    'Alguien ha preguntado por la cuenta de {app} que tiene esta dirección. Se ha eliminado. Hasta el {until} pueden restaurarla los responsables de {app}.',
  'mail.deleted_by_admin.note': 'Si no lo ha pedido usted, ignore este correo: no ha cambiado nada.',

  'mail.new_device.subject': 'Nuevo inicio de sesión en su cuenta de {app}',
  'mail.new_device.body':
    'Su cuenta de {app} se ha usado desde un dispositivo nuevo.\nDispositivo: {device}\nDirección: {ip}\nFecha: {time}',
  'mail.new_device.action': 'No he sido yo',

  'mail.factor_added.subject': 'Se ha añadido un factor de acceso a su cuenta de {app}',
  'mail.factor_added.body': 'Su cuenta de {app} tiene un nuevo factor para iniciar sesión: {factor}.',
  'mail.factor_added.action': 'No he sido yo',

  'mail.factor_removed.subject': 'Se ha quitado un factor de acceso de su cuenta de {app}',
  'mail.factor_removed.body': 'Este factor para iniciar sesión se ha quitado de su cuenta de {app}: {factor}.',
  'mail.factor_removed.action': 'No he sido yo',

  'mail.backup_codes_replaced.subject': 'Se han cambiado los códigos de respaldo de su cuenta de {app}',
  'mail.backup_codes_replaced.body':
    'Su cuenta de {app} tiene códigos de respaldo nuevos. Los anteriores ya no funcionan.',
  'mail.backup_codes_replaced.action': 'No he sido yo',

  'mail.mfa_recovery.subject': 'El segundo factor de acceso de su cuenta de {app}',
  'mail.mfa_recovery.body':
    'Alguien dice que el segundo factor de su cuenta de {app} se ha perdido. Inicie sesión con uno de sus códigos de respaldo y desactive el factor, o configúrelo de nuevo. Sin código de respaldo, pregunte a los responsables de {app}: un correo por sí solo no abre una cuenta.',
  'mail.mfa_recovery.note': 'Si no lo ha pedido usted, ignore este correo: no ha cambiado nada.',

  'mail.account_locked.subject': 'El acceso a su cuenta de {app} está bloqueado por un tiempo',
  'mail.account_locked.body':
    'Ha habido demasiados intentos fallidos de iniciar sesión en su cuenta de {app}. Hasta el {until} se rechazan las contraseñas. Sus sesiones abiertas no se ven afectadas.',
  'mail.account_locked.action': 'Desbloquear ahora',
  'mail.account_locked.note':
    'Si los intentos no eran suyos: ninguno tuvo éxito. Lo más seguro es una contraseña que no use en ningún otro sitio.',

  'role.owner': 'propietario',
  'role.admin': 'administrador',
  'role.member': 'miembro',
  'role.viewer': 'lector',

  'mail.invitation.subject': 'Invitación a «{organization}» en {app}',
  'mail.invitation.body':
    '{inviter} le invita a unirse a «{organization}» en {app}. Su rol sería: {role}. La invitación vale hasta el {until}.',
  'mail.invitation.message': 'El mensaje: «{message}»',
  'mail.invitation.action': 'Ver la invitación',
  'mail.invitation.note': 'Si no conoce a esa persona, ignore este correo: no pasa nada. No dé el enlace a nadie.',

  'mail.member_added.subject': 'Le han añadido a «{organization}» en {app}',
  'mail.member_added.body':
    '{inviter} le ha añadido a «{organization}» en {app}. Su rol sería: {role}. Solo cuenta cuando usted haya aceptado: inicie sesión en {app} y acepte o salga allí hasta el {until}.',
  'mail.member_added.note': 'Si no conoce a esa persona, ignore este correo: no sabrá nada de usted.',

  'mail.organization_ownerless.subject': 'Organizaciones sin propietario en {app}',
  'mail.organization_ownerless.body':
    'Estas organizaciones han perdido a su último propietario, y ningún administrador suyo pudo ocupar su lugar: {organizations}. Como administrador de {app}, usted puede hacer propietario a un miembro.',
  'mail.organization_ownerless.note':
    'Esto se dice una sola vez. Mientras no haya propietario, solo los administradores de {app} pueden hacer lo que necesita uno.',

  'mail.sso_changed.subject': 'Inicio de sesión único de «{organization}» en {app}',
  'mail.sso_changed.body': 'Usted es propietario de «{organization}» en {app}. {change} Fue el {time}.',
  'mail.sso_changed.note':
    'Si no lo esperaba, pregunte a los demás propietarios y compruebe de quién es la organización.',
  'sso_change.created': 'Se ha configurado el inicio de sesión único con {about}.',
  'sso_change.updated': 'Se ha cambiado la configuración del inicio de sesión único: {about}.',
  'sso_change.deleted': 'Se ha eliminado la configuración del inicio de sesión único con {about}.',
  'sso_change.issuer_changed':
    'Los metadatos de su proveedor de identidad nombran a un emisor distinto de {about}. Nadie puede iniciar sesión a través de él hasta que un propietario corrija la configuración.',
  'sso_change.required': 'Los miembros deben usar ahora el inicio de sesión único ({about}).',
  'sso_change.optional': 'Los miembros ya no tienen que usar el inicio de sesión único ({about}).',
  'sso_about.break_glass': 'el acceso de emergencia está abierto',
  'sso_about.no_break_glass': 'el acceso de emergencia está cerrado',
  'sso_change.domain_verified':
    'Se ha verificado el dominio {about}: su proveedor de identidad responde ahora de las direcciones de ese dominio.',
  'sso_change.domain_missing':
    'Ha desaparecido el registro DNS que demuestra el dominio {about}. Si no vuelve en 7 días, el dominio cuenta como no verificado y el inicio de sesión único termina para sus direcciones.',
  'sso_change.domain_lost':
    'El dominio {about} ya no está verificado: el inicio de sesión único ha terminado para sus direcciones.',

  'mail.sso_break_glass.subject': 'Un inicio de sesión en «{organization}» ({app}) sin su proveedor de identidad',
  'mail.sso_break_glass.body':
    '«{organization}» exige el inicio de sesión único. El {time}, {who} inició sesión sin él, como propietario con contraseña y segundo factor, o como administrador de {app}.',
  'mail.sso_break_glass.note':
    'Si nadie lo esperaba, termine las sesiones de esa cuenta. Esto se dice como mucho una vez por hora.',
  'mail.webhook_created.subject': 'Se ha añadido un webhook a su cuenta de {app}',
  'mail.webhook_created.body': 'Desde ahora, lo que ocurre en su cuenta se envía también a {host}.',
  'mail.webhook_created.note':
    'Si no ha sido usted, elimine el webhook y cambie su contraseña: quien lo creó había iniciado sesión en su cuenta.',
  'mail.webhook_disabled.subject': 'Se ha desactivado un webhook en {app}',
  'mail.webhook_disabled.body':
    'Ya no se envían eventos a {host}: el servidor respondió que la dirección ya no existe, o todos los envíos fallaron durante cinco días.',
  'mail.webhook_disabled.note':
    'Los eventos esperan a que el webhook se active de nuevo, 10 000 como máximo. Elimínelo si ya no hace falta.',
  'mail.webhook_author_left.subject': 'Un webhook de {app} sigue sin su autor',
  'mail.webhook_author_left.body':
    'Quien creó el webhook a {host} ya no puede cambiarlo. Los eventos se siguen enviando allí.',
  'mail.webhook_author_left.note':
    'Si solo esa persona podía leer lo que llega allí, cambie la dirección o elimine el webhook. Esto se dice una sola vez.',

  'mail.account_closed.subject': 'Su cuenta de {app} se ha cerrado',
  'mail.account_closed.body': 'Un administrador ha cerrado su cuenta de {app}. Nadie puede iniciar sesión en ella.',
  'mail.account_closed.note': 'Los responsables de {app} pueden decirle por qué y volver a abrirla.',

  'mail.account_reopened.subject': 'Su cuenta de {app} está abierta de nuevo',
  'mail.account_reopened.body': 'Un administrador ha abierto su cuenta de {app}. Puede iniciar sesión de nuevo.',

  'mail.account_deleted.subject': 'Su cuenta de {app} se ha eliminado',
  'mail.account_deleted.body': 'Su cuenta de {app} se ha eliminado. Sus datos se borran el {until}.',
  'mail.account_deleted.note':
    'Si no ha sido usted, escriba antes de esa fecha a los responsables de {app}: la cuenta se puede restaurar.',

  'mail.account_kept.subject': 'Su cuenta de {app} se ha eliminado',
  'mail.account_kept.body':
    'Su cuenta de {app} se ha eliminado y está cerrada. Sus datos se conservan mientras la ley lo exija (artículo 17, apartado 3, del RGPD) y después se borran.',
  'mail.account_kept.note': 'Si no ha sido usted, escriba a los responsables de {app}.',

  'mail.account_restored.subject': 'Su cuenta de {app} se ha restaurado',
  'mail.account_restored.body':
    'Se ha deshecho la eliminación de su cuenta de {app}. Si la deshizo un administrador, un administrador tiene que activar además la cuenta antes de que usted pueda iniciar sesión.',

  'notification.role_changed.title': 'Su rol ha cambiado',
  'notification.role_changed.message': 'Su rol es ahora {role}. Lo que puede hacer cambia con su próximo token.',
  'notification.rights_changed.title': 'Sus derechos han cambiado',
  'notification.rights_changed.message':
    'Un administrador ha cambiado lo que usted puede hacer. Cuenta con su próximo token.',
  'notification.account_reactivated.title': 'Su cuenta está activa de nuevo',
  'notification.account_reactivated.message': 'Puede volver a iniciar sesión en su cuenta.',
  'notification.account_unlocked.title': 'Su cuenta se ha desbloqueado',
  'notification.account_unlocked.message': 'Se ha levantado el bloqueo de su cuenta. Puede iniciar sesión de nuevo.',
  'notification.account_restored.title': 'Su cuenta se ha restaurado',
  'notification.account_restored.message':
    'Se ha deshecho la eliminación de su cuenta. Un administrador tiene que activarla antes de que pueda iniciar sesión.',
  'notification.factor_removed.title': 'Se ha quitado un factor de acceso',
  'notification.factor_removed.message':
    'Un administrador ha quitado este factor de su cuenta: {factor}. Todas las sesiones han terminado.',
  'notification.password_changed.title': 'Su contraseña ha cambiado',
  'notification.password_changed.message': 'La contraseña de su cuenta ha cambiado.',
  'notification.new_device.title': 'Inicio de sesión desde un dispositivo nuevo',
  'notification.new_device.message': 'Su cuenta se ha usado desde un dispositivo nuevo: {device}.',
  'notification.organization_role_changed.title': 'Su rol en una organización ha cambiado',
  'notification.organization_role_changed.message': 'Ahora usted es {role} de «{organization}».',
  'notification.organization_member_removed.title': 'Ya no pertenece a una organización',
  'notification.organization_member_removed.message': 'Le han quitado de «{organization}».',
  'notification.invitation_accepted.title': 'Su invitación se ha aceptado',
  'notification.invitation_accepted.message': 'Alguien a quien usted invitó es ahora miembro de «{organization}».',

  'page.continue': 'Continuar a {app}',
  'page.close': 'Puede cerrar esta página.',
  'page.account': 'Cuenta',
  'page.password': 'Contraseña',
  'page.new_password': 'Contraseña nueva',
  'page.password_rule':
    'Al menos {min, plural, one {# carácter} many {# de caracteres} other {# caracteres}}. Ni su nombre ni su dirección, ni una contraseña común.',
  'page.support': 'Ayuda',
  'page.show_password': 'Mostrar la contraseña',
  'page.passkey_needed':
    'Esto necesita además una llave de acceso de su cuenta, que esta página no puede pedir. Pregunte a los responsables de {app}.',
  'page.code': 'Código de su aplicación de autenticación, o un código de respaldo',

  'page.verify_email.title': 'Confirme su dirección',
  'page.verify_email.made': 'Se ha creado una cuenta con la dirección {email}.',
  'page.verify_email.changed': 'Alguien ha pedido cambiar la dirección de su cuenta a {email}.',
  'page.verify_email.question': '¿Creó usted esta cuenta el {day}?',
  'page.verify_email.yes': 'Sí, fui yo',
  'page.verify_email.no': 'No, no fui yo',
  'page.verify_email.made_yes': '«Sí» confirma su dirección y no cambia nada más.',
  'page.verify_email.made_no':
    '«No» le da la cuenta a usted: quien la creó queda desconectado, y su contraseña y sus otras formas de iniciar sesión dejan de funcionar.',
  'page.verify_email.changed_yes': '«Sí» hace de esta la dirección de la cuenta.',
  'page.verify_email.changed_no': '«No» rechaza el cambio: la cuenta no recibe su dirección.',
  'page.already_verified.title': 'Ya confirmada',
  'page.already_verified.text': '{email} ya está confirmada.',
  'page.email_verified.title': 'Dirección confirmada',
  'page.email_verified.text': '{email} está confirmada.',
  'page.change_refused.title': 'Cambio rechazado',
  'page.change_refused.text': 'La cuenta no recibe la dirección {email}.',
  'page.taken_over.title': 'La cuenta es suya',
  'page.taken_over.text':
    'Quien la creó queda desconectado, y su contraseña y sus otras formas de iniciar sesión dejan de funcionar. Elija una contraseña si quiere usar la cuenta. Si no, cierre esta página.',

  'page.reset_password.title': 'Elija una contraseña nueva',
  'page.reset_password.submit': 'Establecer la contraseña',
  'page.password_set.title': 'Contraseña establecida',
  'page.password_set.text':
    'Su contraseña está establecida y todas sus sesiones han terminado. Puede iniciar sesión con la contraseña nueva.',
  'page.revert_email.title': 'Deshacer el cambio',
  'page.revert_email.text':
    'La dirección de su cuenta vuelve a ser {email}. Todas las sesiones terminan, se quita toda forma de iniciar sesión añadida desde el cambio y usted elige una contraseña nueva. Esto no se puede deshacer.',
  'page.restore_account.title': 'Restaurar su cuenta',
  'page.restore_account.text': 'Su cuenta está eliminada pero aún no borrada. Puede restaurarla tal como era.',
  'page.restore_account.one_of': 'Basta con una de las siguientes.',
  'page.restore_account.submit': 'Restaurar la cuenta',
  'page.account_restored.title': 'Cuenta restaurada',
  'page.account_restored.text': 'Su cuenta está restaurada. Puede iniciar sesión de nuevo.',
  'page.report.title': 'No he sido yo',
  'page.report.text':
    'Terminan todas las sesiones de su cuenta, su contraseña deja de funcionar y usted elige una nueva. Si el correo trataba de una forma de iniciar sesión recién añadida, esta se quita.',
  'page.report.submit': 'Proteger mi cuenta',
  'page.unlock.title': 'Desbloquear su cuenta',
  'page.unlock.text':
    'Tras demasiados intentos fallidos, su cuenta rechaza las contraseñas durante un tiempo. Puede levantar este bloqueo ahora.',
  'page.unlock.submit': 'Desbloquear',
  'page.signed_out.title': 'Sesión cerrada',
  'page.signed_out.text': 'Ha cerrado la sesión.',

  'page.unlocked.title': 'Cuenta desbloqueada',
  'page.unlocked.text': 'Puede iniciar sesión de nuevo.',

  'page.magic_link.title': 'Iniciar sesión',
  'page.magic_link.text': '¿Iniciar sesión como {email}? Si no lo ha pedido usted, cierre la página: no pasa nada.',
  'page.magic_link.submit': 'Iniciar sesión',
  'page.provider_email.title': '¿Es usted?',
  'page.provider_email.text':
    '{identity} de {provider} quiere iniciar sesión con la dirección {email}. Si continúa, quien tenga esa cuenta en {provider} puede iniciar sesión en la suya.',
  'page.provider_email.submit': 'Soy yo, mostrar el código',
  'page.signed_in.title': 'Ha iniciado sesión',
  'page.signed_in.text': 'Escriba este código donde empezó a iniciar sesión. Funciona una vez, durante {lifetime}.',
  'page.app_return.text': 'Vuelva a la aplicación para completar el inicio de sesión.',
  'page.app_return.submit': 'Abrir la aplicación',
  'page.code_shown.title': 'Ya casi está',
  'page.code_shown.text': 'Escriba este código donde pidió iniciar sesión. Funciona una vez, durante {lifetime}.',
  'page.code_shown.warning': 'No se lo dé a nadie, ni siquiera a quien diga que trabaja para {app}.',
  'page.going_on.title': 'De vuelta a la aplicación',
  'page.going_on.text': 'Se le está enviando a {host}.',

  'page.invitation.title': 'Invitación',
  'page.invitation.text': '{inviter} le invita a unirse a «{organization}» en {app}. Su rol sería: {role}.',
  'page.invitation.message': 'El mensaje: «{message}»',
  'page.invitation.account': 'Elija una contraseña: con ella tiene una cuenta con esta dirección y es miembro.',
  'page.invitation.name': 'Su nombre',
  'page.invitation.accept': 'Unirse',
  'page.invitation.submit': 'Crear una cuenta y unirse',
  'page.invitation.sign_in': 'Inicie sesión en {app} con la cuenta de {email} y acepte allí la invitación.',
  'page.invitation.closed': '{app} no crea cuentas nuevas por ahora. Pregunte a quien le invitó.',
  'page.invitation.joined.title': 'Le damos la bienvenida',
  'page.invitation.joined.text': 'Ha iniciado sesión como {email} y es miembro de «{organization}».',
  'page.invitation.revoked.title': 'Esta invitación se ha retirado',
  'page.invitation.revoked.text': 'Pida una nueva a quien le invitó.',

  'page.link.incomplete.title': 'Este enlace está incompleto',
  'page.link.incomplete.text':
    'Falta una parte. Los programas de correo cortan a veces los enlaces largos: copie la dirección entera del correo en su navegador.',
  'page.link.used.title': 'Este enlace ya se ha usado',
  'page.link.used.text': 'Un enlace funciona una sola vez.',
  'page.link.superseded.title': 'Hay un enlace más nuevo',
  'page.link.superseded.text':
    'Un correo más nuevo tiene otro enlace, y solo funciona el más nuevo. Búsquelo en su buzón.',
  'page.link.expired.title': 'Este enlace ha caducado',
  'page.link.expired.text': 'Funcionó hasta el {until}.',
  'page.link.void.title': 'Este enlace ya no funciona',
  'page.link.void.text': 'Su cuenta ha cambiado desde que se envió el correo.',
  'page.link.unknown.title': 'Este enlace no funciona',
  'page.link.unknown.text':
    'Es demasiado antiguo o no es uno de los nuestros. Abra el correo más nuevo o pida un enlace nuevo.',
  'page.link.renew': 'Enviarme un enlace nuevo',
  'page.link_renewed.title': 'Mire en su buzón',
  'page.link_renewed.text': 'Si la dirección puede recibir un enlace nuevo, está en camino.',

  'page.problem.STEP_UP_REQUIRED': 'Rellene uno de los campos siguientes.',
  'page.problem.INVALID_CODE': 'El código es incorrecto o ya se ha usado.',
  'page.problem.INVALID_PASSWORD': 'La contraseña es incorrecta.',
  'page.problem.WEAK_PASSWORD': 'La contraseña es demasiado fácil de adivinar. Elija una más larga o menos común.',
  'page.problem.too_short':
    'La contraseña es demasiado corta: necesita al menos {min, plural, one {# carácter} many {# de caracteres} other {# caracteres}}.',
  'page.problem.breached': 'La contraseña aparece en una filtración de datos conocida. Elija otra.',

  'page.error.title': 'No ha funcionado',
  'page.error.FORBIDDEN':
    'El formulario no lo envió una página nuestra. Vuelva atrás, recargue la página y envíe de nuevo el formulario.',
  'page.error.ORIGIN_NOT_ALLOWED':
    'El formulario no lo envió una página nuestra. Vuelva atrás, recargue la página y envíe de nuevo el formulario.',
  'page.error.CONFLICT': 'Entretanto otra cuenta tiene esta dirección.',
  'page.error.ACCOUNT_CLOSED':
    'Un administrador ha cerrado esta cuenta. Su enlace vale hasta el día que dice el correo: inténtelo de nuevo cuando la cuenta esté abierta.',
  'page.error.ACCOUNT_LOCKED': 'Ha habido demasiados intentos fallidos. Inténtelo más tarde.',
  'page.error.SECOND_FACTOR_LOCKED': 'Ha habido demasiados códigos incorrectos. Inténtelo más tarde.',
  'page.error.RATE_LIMIT_EXCEEDED': 'Ha habido demasiadas peticiones. Espere un minuto e inténtelo de nuevo.',
  'page.error.SIGNUPS_DISABLED': 'Por ahora no se crean aquí cuentas nuevas.',
  'page.error.MAINTENANCE': 'El servicio está en mantenimiento. Su enlace sigue valiendo: inténtelo más tarde.',
  'page.error.REDIRECT_NOT_ALLOWED': 'La aplicación a la que lleva el enlace ya no está permitida aquí.',
  'page.error.INVALID_TOKEN': 'El enlace está incompleto, ha caducado o ya se ha usado.',
  'page.error.OAUTH_STATE_INVALID':
    'Este inicio de sesión se empezó en otro navegador, ya se ha usado o ha caducado. Vuelva a la aplicación y empiece de nuevo.',
  'page.error.OAUTH_EXCHANGE_FAILED':
    'El inicio de sesión con el otro proveedor no ha funcionado. Empiece de nuevo dentro de unos minutos.',
  'page.error.OAUTH_DENIED': 'El otro proveedor no inició su sesión. Vuelva a la aplicación y empiece de nuevo.',
  'page.error.OAUTH_PROVIDER_NOT_CONFIGURED': 'Esta forma de iniciar sesión no está disponible aquí.',
  'page.error.ACCOUNT_LINK_REQUIRED':
    'Ya hay una cuenta con su dirección. Inicie sesión como siempre y vincule después el otro proveedor en su cuenta.',
  'page.error.EMAIL_REQUIRED': 'El otro proveedor no dio ninguna dirección que usted haya confirmado allí.',
  'page.error.INVALID_CREDENTIALS': 'Esta cuenta no puede iniciar sesión.',
  'page.error.other': 'Algo ha ido mal. Inténtelo de nuevo dentro de unos minutos.',

  'page.sign_in.title': 'Iniciar sesión',
  'page.sign_in.for': 'Para continuar a {host}',
  'page.sign_in.login': 'Correo electrónico o nombre de usuario',
  'page.sign_in.password': 'Contraseña',
  'page.sign_in.remember': 'Mantener la sesión iniciada en este dispositivo',
  'page.sign_in.submit': 'Iniciar sesión',
  'page.sign_in.forgot': '¿Ha olvidado su contraseña?',
  'page.sign_in.or': 'o',
  'page.sign_in.passkey': 'Usar una clave de acceso',
  'page.sign_in.link': 'Enviarme un enlace por correo',
  'page.sign_in.provider': 'Continuar con {provider}',
  'page.sign_in.sso': 'Inicio de sesión único',
  'page.sign_in.no_account': '¿Es nuevo aquí? {link}',
  'page.sign_in.sign_up': 'Crear una cuenta',

  'page.welcome.title': 'Le damos la bienvenida de nuevo',
  'page.welcome.text': 'Ha iniciado sesión como {who}.',
  'page.welcome.submit': 'Continuar',
  'page.welcome.app': 'Continuar a {app}',
  'page.welcome.account': 'Su cuenta',
  'page.welcome.another': 'Usar otra cuenta',
  'page.welcome.sign_out': 'Cerrar sesión',

  'page.second_step.title': 'Un paso más',
  'page.second_step.text': 'Su cuenta pide una segunda prueba de que es usted.',
  'page.second_step.code': 'Código',
  'page.second_step.code_hint': 'De su aplicación de autenticación, o uno de sus códigos de respaldo.',
  'page.second_step.submit': 'Continuar',
  'page.second_step.passkey_alone':
    'Esta cuenta usa una clave de acceso como segunda prueba, y eso requiere JavaScript.',
  'page.second_step.again': 'Empezar de nuevo',

  'page.sso.title': 'Inicio de sesión único',
  'page.sso.text': 'Su organización inicia su sesión.',
  'page.sso.email': 'Correo electrónico del trabajo',
  'page.sso.submit': 'Continuar',
  'page.sso.going_title': 'A su organización',
  'page.sso.going': 'Se le envía a {host}, donde su organización inicia su sesión.',
  'page.sso.going_submit': 'Ir a {host}',

  'page.address.title': 'Confirme su dirección',
  'page.address.text':
    'El otro proveedor no dio ninguna dirección que usted haya confirmado allí. Le enviamos un enlace para demostrar una.',
  'page.address.submit': 'Enviarme el enlace',
  'page.address.sent': 'Hay un enlace en camino. Ábralo e introduzca el código que muestra su página.',
  'page.address.another': 'Otra dirección',

  'page.sent.title': 'Revise su correo',
  'page.sent.link': 'Si la dirección puede iniciar sesión, hay un enlace en camino. Ábralo en este navegador.',
  'page.sent.reset': 'Si hay una cuenta con esta dirección, hay un enlace en camino para elegir una contraseña nueva.',
  'page.sent.verify': 'Hay un enlace en camino a su dirección. Ábralo para confirmarla y después inicie sesión.',
  'page.sent.back': 'Volver al inicio de sesión',

  'page.open_link.title': 'Iniciar sesión',
  'page.open_link.text': '¿Iniciar sesión como {who}?',
  'page.open_link.foreign':
    'Este navegador no pidió el enlace. Continúe solo si lo pidió usted en otro dispositivo: un enlace que le envió otra persona inicia sesión en la cuenta de esa persona.',
  'page.open_link.submit': 'Iniciar sesión',

  'page.sign_up.title': 'Crear una cuenta',
  'page.sign_up.invited': '{organization} le invita. Cree su cuenta con la dirección invitada para unirse.',
  'page.sign_up.email': 'Correo electrónico',
  'page.sign_up.name': 'Su nombre (opcional)',
  'page.sign_up.password': 'Contraseña',
  'page.sign_up.rule':
    'Al menos {min, plural, one {# carácter} other {# caracteres}}. Unas pocas palabras que solo usted juntaría son una buena elección.',
  'page.sign_up.submit': 'Crear la cuenta',
  'page.sign_up.terms': 'Al crear una cuenta acepta los {terms}.',
  'page.sign_up.terms_and_privacy':
    'Al crear una cuenta acepta los {terms}. La {privacy} dice qué ocurre con sus datos.',
  'page.sign_up.privacy': 'La {privacy} dice qué ocurre con sus datos.',
  'page.sign_up.terms_name': 'términos de uso',
  'page.sign_up.privacy_name': 'política de privacidad',
  'page.sign_up.have_account': '¿Tiene una cuenta? {link}',

  'page.forgot.title': 'Contraseña olvidada',
  'page.forgot.text': 'Le enviamos un enlace con el que elegirá una nueva.',
  'page.forgot.email': 'Correo electrónico',
  'page.forgot.submit': 'Enviarme el enlace',

  'page.sign_out.title': '¿Cerrar sesión?',
  'page.sign_out.text': 'Ha iniciado sesión como {who}. Esto cierra su sesión en este navegador.',
  'page.sign_out.submit': 'Cerrar sesión',
  'page.sign_out.done_title': 'Ha cerrado la sesión',
  'page.sign_out.done': 'Las aplicaciones a las que fue tienen sesiones propias.',
  'page.sign_out.back': 'Volver',
  'page.sign_out.sign_in': 'Iniciar sesión de nuevo',

  'page.loop.title': 'Su inicio de sesión no llega',
  'page.loop.text':
    'Ha iniciado sesión aquí, pero {host} le devuelve una y otra vez. Borre las cookies de este sitio en su navegador e inténtelo de nuevo.',
  'page.loop.again': 'Intentar de nuevo',

  'page.passkey.failed': 'No ha funcionado. Inténtelo de nuevo o inicie sesión de otra manera.',

  'page.refused.INVALID_CREDENTIALS': 'El correo, el nombre de usuario o la contraseña no son correctos.',
  'page.refused.ACCOUNT_LOCKED':
    'Demasiados intentos, o la cuenta está bloqueada. Inténtelo más tarde o elija una contraseña nueva.',
  'page.refused.EMAIL_NOT_VERIFIED': 'Confirme primero su dirección: se le envió un enlace.',
  'page.refused.MAINTENANCE': 'El inicio de sesión está cerrado por mantenimiento. Inténtelo más tarde.',
  'page.refused.SSO_REQUIRED': 'Su organización inicia su sesión.',
  'page.refused.MFA_CODE_INVALID': 'El código no es correcto o ya se usó.',
  'page.refused.MFA_CHALLENGE_INVALID': 'Tardó demasiado o se intentó demasiadas veces. Inicie sesión de nuevo.',
  'page.refused.SECOND_FACTOR_LOCKED': 'Demasiados códigos incorrectos. Inténtelo dentro de una hora.',
  'page.refused.RATE_LIMIT_EXCEEDED': 'Demasiados intentos. Inténtelo más tarde.',
  'page.refused.WEAK_PASSWORD': 'Esta contraseña es demasiado fácil de adivinar. Elija otra.',
  'page.refused.CONFLICT': 'Ya hay una cuenta con esta dirección. Inicie sesión o elija una contraseña nueva.',
  'page.refused.SIGNUPS_DISABLED': 'No se admiten cuentas nuevas.',
  'page.refused.SSO_CONFIGURATION_NOT_FOUND': 'Ninguna organización inicia sesión con esta dirección.',
  'page.refused.VALIDATION_ERROR': 'Falta algo en el formulario o no es válido.',
  'page.refused.OAUTH_CODE_INVALID': 'Tardó demasiado o empezó en otro navegador. Inicie sesión de nuevo.',
  'page.refused.OAUTH_DENIED': 'El otro proveedor no inició su sesión. Inténtelo de nuevo o elija otra forma.',
  'page.refused.SSO_AUTHENTICATION_ERROR':
    'El inicio de sesión único no inició su sesión. Pregunte a los admins de su organización.',
  'page.refused.OAUTH_ACCOUNT_REFUSED': 'Esta cuenta no puede iniciar sesión.',
  'page.refused.PASSKEY_NOT_FOUND': 'Esta clave de acceso no se conoce aquí.',
  'page.refused.PASSKEY_REFUSED': 'La clave de acceso fue rechazada.',
  'page.refused.PASSKEY_CHALLENGE_INVALID': 'Tardó demasiado. Inténtelo de nuevo.',
  'page.refused.other': 'No ha funcionado. Inténtelo más tarde.',

  'page.account.title': 'Su cuenta',
  'page.account.profile': 'Perfil',
  'page.account.security': 'Seguridad',
  'page.account.sessions': 'Dispositivos',
  'page.account.organizations': 'Organizaciones',
  'page.account.data': 'Sus datos',
  'page.account.save': 'Guardar',
  'page.account.remove': 'Quitar',
  'page.account.rename': 'Cambiar el nombre',
  'page.account.cancel': 'Cancelar',
  'page.account.added_at': 'Añadido el {day}',
  'page.account.used_at': 'Último uso: {time}',

  'page.account.done.again': 'Gracias. Todavía no ha cambiado nada: envíe el formulario otra vez.',
  'page.account.done.saved': 'Guardado.',
  'page.account.done.mailed': 'Hay un enlace en camino a la dirección nueva. La dirección cambia cuando lo abra.',
  'page.account.done.password': 'Su contraseña ha cambiado. Se ha cerrado su sesión en los demás lugares.',
  'page.account.done.authenticator': 'Su aplicación de autenticación está configurada.',
  'page.account.done.removed': 'Quitado.',
  'page.account.done.added': 'Añadido.',
  'page.account.done.ended': 'Sesión cerrada.',
  'page.account.done.linked': 'Vinculado.',
  'page.account.done.left': 'Ha dejado la organización.',
  'page.account.done.two_factors':
    'Esta organización exige dos factores. Añada aquí una aplicación de autenticación o una clave de acceso y continúe después.',
  'page.account.done.invited': 'La invitación está en camino.',

  'page.account.names': 'Su nombre',
  'page.account.display_name': 'Nombre que ven los demás',
  'page.account.first_name': 'Nombre',
  'page.account.last_name': 'Apellidos',
  'page.account.username': 'Nombre de usuario',
  'page.account.picture': 'Su foto',
  'page.account.picture_text': 'Un PNG, JPEG, WebP o GIF de 512 KB como máximo. Quien tenga su dirección puede verla.',
  'page.account.picture_file': 'Elegir una foto',
  'page.account.picture_submit': 'Usar esta foto',
  'page.account.address': 'Correo electrónico',
  'page.account.address_text': 'Enviamos un enlace a la dirección nueva, que vale cuando lo abra.',
  'page.account.address_unconfirmed': 'Aún no ha confirmado su dirección: abra el enlace que se le envió.',
  'page.account.new_address': 'Dirección nueva',
  'page.account.address_submit': 'Cambiar la dirección',
  'page.account.language': 'Idioma',
  'page.account.language_text': 'De estas páginas y de los correos que recibe.',
  'page.account.language_of_browser': 'Según el navegador',

  'page.account.password': 'Contraseña',
  'page.account.password_text': 'Una contraseña nueva cierra su sesión en los demás lugares.',
  'page.account.password_set': 'Definir una contraseña por correo',
  'page.account.current_password': 'Contraseña actual',
  'page.account.password_submit': 'Cambiar la contraseña',
  'page.account.passkeys': 'Claves de acceso',
  'page.account.passkeys_text':
    'Inicie sesión con su huella, su cara, el bloqueo de pantalla o una llave de seguridad. Nadie puede suplantarlas.',
  'page.account.passkey_unnamed': 'Clave de acceso',
  'page.account.passkey_name': 'Nombre de la clave de acceso',
  'page.account.passkey_add': 'Añadir una clave de acceso',
  'page.account.passkey_next':
    'Su navegador pregunta dónde guardar la clave de acceso: en este dispositivo, en su teléfono o en una llave de seguridad.',
  'page.account.passkey_create': 'Crear la clave de acceso',
  'page.account.passkey_failed': 'No se creó ninguna clave de acceso. Inténtelo de nuevo.',
  'page.account.passkey_script': 'Una clave de acceso requiere JavaScript.',
  'page.account.authenticator': 'Aplicación de autenticación',
  'page.account.authenticator_on': 'El inicio de sesión pide un código de su aplicación.',
  'page.account.authenticator_off':
    'El inicio de sesión pedirá entonces también un código de una aplicación de su teléfono.',
  'page.account.authenticator_add': 'Configurar una aplicación de autenticación',
  'page.account.authenticator_remove': 'Desactivar',
  'page.account.authenticator_scan': 'Escanee este código con la aplicación y escriba los seis dígitos que muestra.',
  'page.account.authenticator_qr': 'Código QR con la clave de abajo',
  'page.account.authenticator_secret': 'O escriba esta clave en la aplicación:',
  'page.account.authenticator_code': 'Código de la aplicación',
  'page.account.authenticator_confirm': 'Activar',
  'page.account.backup_codes': 'Códigos de respaldo',
  'page.account.backup_codes_left':
    '{count, plural, =0 {No tiene códigos sin usar.} one {Tiene # código sin usar.} other {Tiene # códigos sin usar.}} Los nuevos los reemplazan.',
  'page.account.backup_codes_make': 'Crear códigos nuevos',
  'page.account.backup_codes_keep':
    'Guárdelos donde los encuentre sin su teléfono. Cada uno vale una vez, y no se vuelven a mostrar.',
  'page.account.backup_codes_kept': 'Los he guardado',
  'page.account.linked': 'Otras formas de iniciar sesión',
  'page.account.linked_text': 'Cuentas de otros sitios con las que inicia sesión aquí.',
  'page.account.linked_organization': 'Su organización',
  'page.account.link': 'Vincular',
  'page.account.unlink': 'Desvincular',
  'page.account.confirm': 'Confirme que es usted',
  'page.account.confirm_text':
    'Lo que quiere hacer necesita una prueba de los últimos diez minutos. Después siga donde estaba.',

  'page.account.alerts': 'Avisos de los últimos 30 días',
  'page.account.alerts_none': 'No hay ninguno.',
  'page.account.sessions_open': 'Dónde tiene sesiones abiertas',
  'page.account.sessions_text': 'Si no reconoce alguna, ciérrela y cambie su contraseña.',
  'page.account.session_this': 'Este navegador',
  'page.account.session_end': 'Cerrar sesión',
  'page.account.sessions_end_others': 'Cerrar sesión en los demás lugares',
  'page.account.device_unknown': 'Dispositivo desconocido',
  'page.account.activity': 'Actividad reciente',
  'page.account.activity_signed_in': 'Inicio de sesión',
  'page.account.activity_session_active': 'Uso',
  'page.account.activity_signed_out': 'Cierre de sesión',
  'page.account.activity_session_expired': 'Caducada',
  'page.account.activity_session_revoked': 'Terminada',
  'page.alert.multiple_locations': 'Tiene sesiones abiertas en más de un país',
  'page.alert.session.reuse_detected': 'Se copió una sesión, y ha terminado',
  'page.alert.session.refresh_replayed': 'Se usó una sesión desde dos redes a la vez',
  'page.alert.passkey.counter_regressed': 'Es posible que se haya copiado una clave de acceso',
  'page.alert.user.activity_reported': 'Comunicó una actividad que no era suya',
  'page.alert.user.locked': 'La cuenta se bloqueó',
  'page.alert.security.sign_in_locked': 'Demasiados intentos fallidos de iniciar sesión',
  'page.alert.security.new_device': 'Un inicio de sesión desde un dispositivo nuevo',
  'page.alert.mfa.disabled': 'Se desactivó la aplicación de autenticación',
  'page.alert.passkey.removed': 'Se quitó una clave de acceso',
  'page.alert.passkey.registered': 'Se añadió una clave de acceso',
  'page.alert.mfa.enabled': 'Se configuró una aplicación de autenticación',
  'page.alert.user.password_changed': 'Se cambió la contraseña',
  'page.alert.user.password_reset': 'Se restableció la contraseña',
  'page.alert.user.email_changed': 'Se cambió la dirección',
  'page.alert.other': 'Algo cambió en su cuenta',

  'page.account.organizations_mine': 'Dónde es miembro',
  'page.account.organizations_none': 'No está en ninguna organización.',
  'page.account.membership_pending': 'Aún no aceptada',
  'page.account.member_pending': 'Aún no aceptada',
  'page.account.join': 'Unirse',
  'page.account.leave': 'Dejar',
  'page.account.members': 'Miembros',
  'page.account.members_count': '{count, plural, one {# miembro} other {# miembros}}',
  'page.account.member_change': 'Cambiar el rol',
  'page.account.role': 'Rol',
  'page.account.member_remove': 'Quitar de la organización',
  'page.account.hand_over': 'Traspasar la organización',
  'page.account.hand_over_text': 'Este miembro pasa a ser propietario en su lugar, y usted administrador.',
  'page.account.invitations': 'Invitaciones',
  'page.account.invitation_until': 'Válida hasta el {day}',
  'page.account.invitation_resend': 'Enviar de nuevo',
  'page.account.invitation_revoke': 'Retirar',
  'page.account.invite_email': 'Dirección que se invita',
  'page.account.invite_submit': 'Invitar',

  'page.account.export': 'Una copia de sus datos',
  'page.account.export_text':
    'Todo lo que tenemos de usted, en un archivo. Está listo enseguida, durante un día, en este navegador.',
  'page.account.export_submit': 'Crear una copia',
  'page.account.export_ready': 'Su copia está lista.',
  'page.account.export_download': 'Descargarla',
  'page.account.delete': 'Eliminar la cuenta',
  'page.account.delete_text':
    'Se cierra su sesión en todas partes enseguida. Durante {grace} puede restaurar la cuenta con una contraseña nueva por correo; después se borran todos los datos.',
  'page.account.delete_at_once': 'Se cierra su sesión en todas partes y se borran todos los datos enseguida.',
  'page.account.delete_sure': 'Quiero eliminar mi cuenta',
  'page.account.deleted': 'Su cuenta está eliminada',
  'page.account.deleted_text': 'Puede restaurarla durante {grace}: pida una contraseña nueva.',
  'page.account.deleted_at_once': 'Se están borrando todos los datos.',
  'page.account.deleted_held':
    'Su cuenta está cerrada. Sus datos se conservan mientras la ley lo exija (artículo 17, apartado 3, del RGPD) y después se borran.',

  'page.refused.TAKEN': 'Otra cuenta tiene este nombre o esta dirección.',
  'page.refused.INVALID_PASSWORD': 'La contraseña no es correcta.',
  'page.refused.INVALID_CODE': 'El código no es correcto o ya se usó.',
  'page.refused.UNSUPPORTED_IMAGE': 'No es un PNG, JPEG, WebP ni GIF.',
  'page.refused.PAYLOAD_TOO_LARGE': 'Es demasiado grande.',
  'page.refused.PASSKEY_ALREADY_REGISTERED': 'Esta clave de acceso ya está aquí.',
  'page.refused.TOO_MANY_PASSKEYS': 'Tiene demasiadas claves de acceso. Quite una primero.',
  'page.refused.BACKUP_CODES_REPLACED': 'Estos códigos ya se crearon. Si no los ha guardado, cree otros nuevos.',
  'page.refused.MFA_NOT_STARTED': 'Tardó demasiado. Configure la aplicación de nuevo.',
  'page.refused.LAST_SIGN_IN_METHOD': 'Es su única forma de iniciar sesión. Defina primero una contraseña.',
  'page.refused.OAUTH_IDENTITY_TAKEN': 'Otra cuenta tiene esta forma de iniciar sesión.',
  'page.refused.OAUTH_ALREADY_LINKED': 'Ya está vinculado.',
  'page.refused.LAST_OWNER': 'Una organización necesita un propietario: traspásela primero.',
  'page.refused.LAST_ADMIN': 'Es el único administrador aquí. Nombre antes a otra persona.',
  'page.refused.ALREADY_MEMBER': 'Quien tiene esta dirección ya es miembro.',
  'page.refused.INVITATION_PENDING': 'Esta dirección ya está invitada.',
  'page.refused.DOMAIN_NOT_ALLOWED': 'Las direcciones de este dominio no se invitan aquí.',
  'page.refused.VERIFIED_ADDRESS_REQUIRED': 'Primero hay que confirmar la dirección.',
  'page.refused.LIMIT_REACHED': 'No puede haber más.',
  'page.refused.INSUFFICIENT_PERMISSIONS': 'Su rol no lo permite.',
  'page.refused.SESSION_ALREADY_REVOKED': 'Ya ha terminado.',

  'page.landing.title': '{app}: servicio de inicio de sesión',
  'page.landing.text':
    'Con este servicio las personas inician sesión en {app}. Las aplicaciones llaman a su API, y los correos llevan a sus páginas.',
  'page.landing.sign_up': 'Cómo una aplicación registra a personas',
  'page.landing.sign_in': 'Cómo una aplicación inicia la sesión de personas',
  'page.landing.docs': 'Referencia de la API',
  'page.landing.openapi': 'Documento OpenAPI',
  'page.landing.health': 'Estado del servicio',
  'page.mailbox.title': 'Buzón',
  'page.mailbox.text': 'Correos que el modo local ha guardado en vez de enviarlos, primero los más nuevos.',
  'page.mailbox.to': 'Correos a esta dirección',
  'page.mailbox.show': 'Mostrar',
  'page.mailbox.empty': 'No hay correos.',
  'page.mailbox.as_text': 'Como texto',

  'sso_change.certificate_added':
    'Su proveedor de identidad ha publicado un certificado nuevo, que se acepta desde ahora: {about}.',
  'sso_change.certificate_removed':
    'Su proveedor de identidad ya no publica un certificado, que deja de aceptarse: {about}.',
  'sso_change.certificate_expiring':
    'Un certificado de su proveedor de identidad caduca pronto: {about}. Los inicios de sesión continúan, pero el proveedor lo sustituirá: compruebe que aquí se conoce el nuevo.',
  'mail.data_exported.subject': 'Se ha pedido una copia de sus datos en {app}',
  'mail.data_exported.body':
    'Se ha pedido una copia de los datos que {app} tiene sobre usted. Durante un día se puede descargar en la sesión que la pidió, y en ningún otro lugar.',
  'mail.data_exported.action': 'No he sido yo',
  'mail.data_request_extended.subject': 'Su solicitud a {app} tarda más',
  'mail.data_request_extended.body':
    'Su solicitud sobre sus datos en {app} tarda más de treinta días. Recibirá una respuesta a más tardar el {until}. El motivo:',
  'mail.data_request_extended.message': '«{message}»',
  'mail.data_request_answered.subject': 'Su solicitud a {app} tiene respuesta',
  'mail.data_request_answered.body':
    'Un administrador de {app} ha respondido a su solicitud sobre sus datos. {outcome}',
  'mail.data_request_answered.message': '«{message}»',
  'data_request.completed': 'Está resuelta.',
  'data_request.rejected': 'Se ha rechazado.',
  'mail.data_requests_due.subject': 'Vencen solicitudes sobre datos personales en {app}',
  'mail.data_requests_due.body': 'Solicitudes que esperan una respuesta: {count}. La primera vence el {until}.',
  'mail.data_requests_due.note':
    'Deben tener respuesta antes de esa fecha (RGPD, artículo 12(3)). Este aviso se envía una semana antes y el mismo día.',
}
