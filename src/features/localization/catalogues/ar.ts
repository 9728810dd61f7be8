import type { Catalogue } from '../service/catalogues.ts'

export const ar: Catalogue = {
  'mail.greeting': 'مرحبًا،',
  'mail.greeting_by_name': 'مرحبًا {name}،',
  'mail.unsaid.newEmail': 'عنوان آخر',
  'mail.unsaid.factor': 'مفتاح مرور أو تطبيق مصادقة',
  'mail.link_hint': 'إذا لم يعمل الزر، فافتح هذا العنوان في متصفحك:',
  'mail.footer': 'أرسلها {app}، {url}. لا أحد يقرأ الردود على هذه الرسالة.',
  'mail.not_you': 'إذا لم تكن أنت من فعل ذلك، فأبلغ عنه: تنتهي جميع جلسات حسابك، وتختار كلمة مرور جديدة.',

  'mail.ended.one_factor': 'انتهت جلساتك الأخرى، ما عدا الجلسات التي استُخدم فيها عامل ثانٍ.',
  'mail.ended.all': 'انتهت جميع جلسات الحساب.',

  'mail.email_verification.subject': 'أكِّد عنوان بريدك الإلكتروني لدى {app}',
  'mail.email_verification.body': 'يستخدم حساب لدى {app} هذا العنوان. أكِّد أن العنوان لك. يعمل الرابط لمدة {lifetime}.',
  'mail.email_verification.action': 'تأكيد العنوان',
  'mail.email_verification.note': 'إذا لم تنشئ حسابًا، فتجاهل هذه الرسالة: لن يُؤكَّد شيء عندئذ.',

  'mail.email_change.subject': 'أكِّد عنوان بريدك الإلكتروني الجديد لدى {app}',
  'mail.email_change.body':
    'طلب شخص ما استخدام هذا العنوان لحساب لدى {app}. أكِّده لإتمام التغيير. يعمل الرابط لمدة {lifetime}.',
  'mail.email_change.action': 'تأكيد العنوان الجديد',
  'mail.email_change.note': 'إذا لم تطلب ذلك، فتجاهل هذه الرسالة: لن يتغير شيء.',

  'mail.email_change_notice.subject': 'عنوان البريد الإلكتروني لحسابك لدى {app} على وشك التغيير',
  'mail.email_change_notice.body':
    'طلب شخص مسجل الدخول إلى حسابك لدى {app} تغيير عنوان بريده الإلكتروني إلى {newEmail}. يتم التغيير عند تأكيد ذلك العنوان.',
  'mail.email_change_notice.action': 'لم أكن أنا',

  'mail.email_changed.subject': 'تغيَّر عنوان البريد الإلكتروني لحسابك لدى {app}',
  'mail.email_changed.body':
    'استخدم حسابك لدى {app} هذا العنوان حتى {time}. عنوانه الآن {newEmail}. إذا لم تكن أنت من فعل ذلك، فتراجع عن التغيير: يستعيد الحساب هذا العنوان، وتنتهي جميع الجلسات، وتُزال عوامل تسجيل الدخول التي أضيفت منذ ذلك الحين، وتختار كلمة مرور جديدة. يمكنك ذلك حتى {until}.',
  'mail.email_changed.action': 'التراجع عن التغيير',
  'mail.email_changed.note':
    'إذا كنت أنت من فعل ذلك، فتجاهل هذه الرسالة. وحتى ذلك الحين تصل الإشعارات الأخرى عن حسابك إلى هذا العنوان أيضًا.',

  'mail.email_reverted.subject': 'تم التراجع عن تغيير عنوان البريد الإلكتروني لحسابك لدى {app}',
  'mail.email_reverted.body':
    'عاد حسابك لدى {app} إلى العنوان {newEmail}: تراجع شخص يقرأ رسائل ذلك العنوان عن التغيير إلى هذا العنوان. انتهت جميع الجلسات.',
  'mail.email_reverted.note': 'إذا لم تكن أنت من فعل ذلك، فاسأل القائمين على {app}.',

  'mail.password_reset.subject': 'إعادة تعيين كلمة مرورك لدى {app}',
  'mail.password_reset.body':
    'طلب شخص ما إعادة تعيين كلمة مرور حسابك لدى {app}. اختر كلمة جديدة هنا. يعمل الرابط مرة واحدة، لمدة {lifetime}.',
  'mail.password_reset.action': 'اختيار كلمة مرور جديدة',
  'mail.password_reset.note': 'إذا لم تطلب ذلك، فتجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.',

  'mail.password_dropped.subject': 'اختر كلمة مرور جديدة لدى {app}',
  'mail.password_dropped.body':
    'لديك حساب لدى {app} جاءت كلمة مروره من نظام سابق ولم تُستخدم منذ وقت طويل. لم تعد تعمل. اختر كلمة جديدة هنا. يعمل الرابط مرة واحدة، لمدة {lifetime}؛ وبعد ذلك اطلب رابطًا آخر من حيث تسجل الدخول.',
  'mail.password_dropped.action': 'اختيار كلمة مرور جديدة',

  'mail.password_changed.subject': 'تغيَّرت كلمة مرورك لدى {app}',
  'mail.password_changed.body': 'تغيَّرت كلمة مرور حسابك لدى {app}. انتهت جلساتك الأخرى.',
  'mail.password_changed.action': 'لم أكن أنا',

  'mail.magic_link.subject': 'رابط تسجيل دخولك إلى {app}',
  'mail.magic_link.body': 'سجِّل الدخول إلى {app} بهذا الرابط. يعمل مرة واحدة، لمدة {lifetime}.',
  'mail.magic_link.action': 'تسجيل الدخول',
  'mail.magic_link.note': 'إذا لم تطلب ذلك، فتجاهل هذه الرسالة. لا تعطِ الرابط لأحد.',

  'mail.provider_email.subject': 'أكِّد عنوانك لدى {app}',
  'mail.provider_email.body':
    'يسجِّل شخص ما الدخول إلى {app} عبر {provider} ويقول إن هذا عنوانه. إذا كنت أنت، فافتح هذا الرابط. يعمل مرة واحدة، لمدة {lifetime}.',
  'mail.provider_email.action': 'تأكيد العنوان',
  'mail.provider_email.note': 'إذا لم تكن أنت، فتجاهل هذه الرسالة: لن يحدث شيء.',
  'mail.account_exists.subject': 'لديك حساب لدى {app} بالفعل',
  'mail.account_exists.body':
    'حاول شخص ما إنشاء حساب لدى {app} بهذا العنوان الذي له حساب بالفعل. إذا كنت أنت، فسجِّل الدخول، أو أعد تعيين كلمة مرورك إذا كنت لا تعرفها: يعمل الرابط مرة واحدة، لمدة {lifetime}.',
  'mail.account_exists.action': 'الذهاب إلى حسابك',
  'mail.account_exists.note': 'إذا لم تكن أنت، فتجاهل هذه الرسالة: لم يتغير شيء.',

  'mail.deleted_account.subject': 'يجري حذف حسابك لدى {app}',
  'mail.deleted_account.body':
    'سأل شخص ما عن الحساب لدى {app} الذي له هذا العنوان. لقد حُذف ويُمحى في {until}. وحتى ذلك الحين يمكنك استعادته؛ وإذا كنت قد أكَّدته، تُطلب منك كلمة مروره أو عامله الثاني.',
  'mail.deleted_account.action': 'استعادة الحساب',
  'mail.deleted_account.note': 'إذا كنت تريد محوه، فتجاهل هذه الرسالة.',

  'mail.deleted_by_admin.subject': 'يجري حذف حسابك لدى {app}',
  'mail.deleted_by_admin.body':
    'سأل شخص ما عن الحساب لدى {app} الذي له هذا العنوان. لقد حُذف ويُمحى في {until}. وحتى ذلك الحين يمكن للقائمين على {app} استعادته.',
  'mail.deleted_by_admin.note': 'إذا لم تطلب ذلك، فتجاهل هذه الرسالة: لم يتغير شيء.',

  'mail.new_device.subject': 'تسجيل دخول جديد إلى حسابك لدى {app}',
  'mail.new_device.body': 'استُخدم حسابك لدى {app} من جهاز جديد.\nالجهاز: {device}\nالعنوان: {ip}\nالوقت: {time}',
  'mail.new_device.action': 'لم أكن أنا',

  'mail.factor_added.subject': 'أضيف عامل تسجيل دخول إلى حسابك لدى {app}',
  'mail.factor_added.body': 'لحسابك لدى {app} عامل جديد لتسجيل الدخول: {factor}.',
  'mail.factor_added.action': 'لم أكن أنا',

  'mail.factor_removed.subject': 'أزيل عامل تسجيل دخول من حسابك لدى {app}',
  'mail.factor_removed.body': 'أزيل عامل تسجيل الدخول هذا من حسابك لدى {app}: {factor}.',
  'mail.factor_removed.action': 'لم أكن أنا',

  'mail.backup_codes_replaced.subject': 'استُبدلت الرموز الاحتياطية لحسابك لدى {app}',
  'mail.backup_codes_replaced.body': 'لحسابك لدى {app} رموز احتياطية جديدة. لم تعد الرموز القديمة تعمل.',
  'mail.backup_codes_replaced.action': 'لم أكن أنا',

  'mail.mfa_recovery.subject': 'عامل تسجيل الدخول الثاني لحسابك لدى {app}',
  'mail.mfa_recovery.body':
    'يقول شخص ما إن العامل الثاني لحسابك لدى {app} مفقود. سجِّل الدخول بأحد رموزك الاحتياطية وأوقف العامل، أو أعد إعداده. وإن لم يكن لديك رمز احتياطي، فاسأل القائمين على {app}: الرسالة وحدها لا تفتح حسابًا.',
  'mail.mfa_recovery.note': 'إذا لم تطلب ذلك، فتجاهل هذه الرسالة: لم يتغير شيء.',

  'mail.account_locked.subject': 'تسجيل الدخول إلى حسابك لدى {app} مقفل لبعض الوقت',
  'mail.account_locked.body':
    'حدثت محاولات فاشلة كثيرة لتسجيل الدخول إلى حسابك لدى {app}. تُرفض كلمات المرور حتى {until}. لا تتأثر جلساتك المفتوحة.',
  'mail.account_locked.action': 'إلغاء القفل الآن',
  'mail.account_locked.note':
    'إذا لم تكن هذه المحاولات منك: لم تنجح أي منها. والأكثر أمانًا لك كلمة مرور لا تستخدمها في أي مكان آخر.',

  'role.owner': 'مالك',
  'role.admin': 'مشرف',
  'role.member': 'عضو',
  'role.viewer': 'مشاهد',

  'mail.invitation.subject': 'دعوة إلى «{organization}» لدى {app}',
  'mail.invitation.body':
    'يدعوك {inviter} إلى الانضمام إلى «{organization}» لدى {app}. سيكون دورك: {role}. الدعوة صالحة حتى {until}.',
  'mail.invitation.message': 'نص الرسالة: «{message}»',
  'mail.invitation.action': 'عرض الدعوة',
  'mail.invitation.note': 'إذا كنت لا تعرف المرسل، فتجاهل هذه الرسالة: لن يحدث شيء. لا تعطِ الرابط لأحد.',

  'mail.member_added.subject': 'تمت إضافتك إلى «{organization}» لدى {app}',
  'mail.member_added.body':
    'أضافك {inviter} إلى «{organization}» لدى {app}. سيكون دورك: {role}. ولا يسري إلا بعد موافقتك: سجِّل الدخول إلى {app}، ثم اقبل أو غادر هناك حتى {until}.',
  'mail.member_added.note': 'إذا كنت لا تعرف من أضافك، فتجاهل هذه الرسالة: لن يعرف عنك شيئًا.',

  'mail.organization_ownerless.subject': 'منظمات بلا مالك لدى {app}',
  'mail.organization_ownerless.body':
    'فقدت هذه المنظمات آخر مالك لها، ولم يستطع أي من مشرفيها أن يحل محله: {organizations}. بصفتك مشرفًا على {app} يمكنك جعل أحد الأعضاء مالكًا.',
  'mail.organization_ownerless.note':
    'يقال هذا مرة واحدة. وإلى أن يكون هناك مالك، لا يستطيع القيام بما يتطلب مالكًا إلا مشرفو {app}.',

  'mail.sso_changed.subject': 'تسجيل الدخول الموحد لـ «{organization}» لدى {app}',
  'mail.sso_changed.body': 'أنت مالك «{organization}» لدى {app}. {change} حدث ذلك في {time}.',
  'mail.sso_changed.note': 'إذا لم تكن تتوقع ذلك، فاسأل المالكين الآخرين، وتحقق ممن يملك المنظمة.',
  'sso_change.created': 'تم إعداد تسجيل الدخول الموحد مع {about}.',
  'sso_change.updated': 'تغيَّرت إعدادات تسجيل الدخول الموحد: {about}.',
  'sso_change.deleted': 'حُذفت إعدادات تسجيل الدخول الموحد مع {about}.',
  'sso_change.issuer_changed':
    'تذكر البيانات الوصفية لموفر الهوية لديكم جهة إصدار غير {about}. لا أحد يسجِّل الدخول عبره حتى يصحح مالك الإعدادات.',
  'sso_change.required': 'على الأعضاء الآن تسجيل الدخول عبر تسجيل الدخول الموحد ({about}).',
  'sso_change.optional': 'لم يعد على الأعضاء تسجيل الدخول عبر تسجيل الدخول الموحد ({about}).',
  'sso_about.break_glass': 'وصول الطوارئ مفتوح',
  'sso_about.no_break_glass': 'وصول الطوارئ مغلق',
  'sso_change.domain_verified': 'تم التحقق من النطاق {about}: يتحدث موفر الهوية لديكم الآن باسم العناوين فيه.',
  'sso_change.domain_missing':
    'اختفى سجل DNS الذي يثبت النطاق {about}. إذا لم يعد خلال 7 أيام، يُعد النطاق غير متحقق منه، وينتهي تسجيل الدخول الموحد للعناوين فيه.',
  'sso_change.domain_lost': 'لم يعد النطاق {about} متحققًا منه: انتهى تسجيل الدخول الموحد للعناوين فيه.',

  'mail.sso_break_glass.subject': 'تسجيل دخول إلى «{organization}» لدى {app} دون موفر الهوية الخاص بها',
  'mail.sso_break_glass.body':
    'تشترط «{organization}» تسجيل الدخول الموحد. في {time} سجَّل {who} الدخول دونه، بصفته مالكًا بكلمة مرور وعامل ثانٍ، أو بصفته مشرفًا على {app}.',
  'mail.sso_break_glass.note': 'إذا لم يتوقع أحد ذلك، فأنهِ جلسات ذلك الحساب. يقال هذا مرة في الساعة على الأكثر.',
  'mail.webhook_created.subject': 'أضيف خطاف ويب إلى حسابك لدى {app}',
  'mail.webhook_created.body': 'من الآن فصاعدًا يُرسل ما يحدث لحسابك إلى {host} أيضًا.',
  'mail.webhook_created.note':
    'إذا لم تكن أنت من فعل ذلك، فاحذف خطاف الويب وغيِّر كلمة مرورك: كان من أنشأه مسجل الدخول إلى حسابك.',
  'mail.webhook_disabled.subject': 'أوقف خطاف ويب لدى {app}',
  'mail.webhook_disabled.body':
    'لم تعد الأحداث تُرسل إلى {host}: أجاب الخادم بأن العنوان لم يعد موجودًا، أو فشل كل إرسال طوال خمسة أيام.',
  'mail.webhook_disabled.note':
    'تنتظر الأحداث حتى يُشغَّل خطاف الويب من جديد، وبحد أقصى 10,000 حدث. احذفه إذا لم تعد هناك حاجة إليه.',
  'mail.webhook_author_left.subject': 'يستمر خطاف ويب لدى {app} دون من أنشأه',
  'mail.webhook_author_left.body': 'لم يعد يحق لمن أنشأ خطاف الويب إلى {host} تغييره. ما زالت الأحداث تُرسل إليه.',
  'mail.webhook_author_left.note':
    'إذا كان ذلك الشخص وحده يستطيع قراءة ما يصل هناك، فغيِّر العنوان أو احذف خطاف الويب. يقال هذا مرة واحدة.',

  'mail.account_closed.subject': 'أُغلق حسابك لدى {app}',
  'mail.account_closed.body': 'أغلق مشرف حسابك لدى {app}. لا أحد يستطيع تسجيل الدخول إليه.',
  'mail.account_closed.note': 'يستطيع القائمون على {app} إخبارك بالسبب، وفتحه من جديد.',

  'mail.account_reopened.subject': 'حسابك لدى {app} مفتوح من جديد',
  'mail.account_reopened.body': 'فتح مشرف حسابك لدى {app}. يمكنك تسجيل الدخول من جديد.',

  'mail.account_deleted.subject': 'حُذف حسابك لدى {app}',
  'mail.account_deleted.body': 'حُذف حسابك لدى {app}. تُمحى بياناته في {until}.',
  'mail.account_deleted.note': 'إذا لم تكن أنت من فعل ذلك، فاكتب قبل ذلك إلى القائمين على {app}: يمكن استعادة الحساب.',

  'mail.account_restored.subject': 'استُعيد حسابك لدى {app}',
  'mail.account_restored.body':
    'تم التراجع عن حذف حسابك لدى {app}. إذا كان مشرف هو من تراجع عنه، فعلى مشرف أيضًا تفعيل الحساب قبل أن تتمكن من تسجيل الدخول.',

  'notification.role_changed.title': 'تغيَّر دورك',
  'notification.role_changed.message': 'دورك الآن {role}. يتغير ما يمكنك فعله مع رمزك التالي.',
  'notification.rights_changed.title': 'تغيَّرت صلاحياتك',
  'notification.rights_changed.message': 'غيَّر مشرف ما يمكنك فعله. يسري ذلك مع رمزك التالي.',
  'notification.account_reactivated.title': 'حسابك نشط من جديد',
  'notification.account_reactivated.message': 'يمكنك تسجيل الدخول إلى حسابك من جديد.',
  'notification.account_unlocked.title': 'أُلغي قفل حسابك',
  'notification.account_unlocked.message': 'رُفع القفل عن حسابك. يمكنك تسجيل الدخول من جديد.',
  'notification.account_restored.title': 'استُعيد حسابك',
  'notification.account_restored.message': 'تم التراجع عن حذف حسابك. على مشرف تفعيله قبل أن تتمكن من تسجيل الدخول.',
  'notification.factor_removed.title': 'أزيل عامل تسجيل دخول',
  'notification.factor_removed.message': 'أزال مشرف هذا العامل من حسابك: {factor}. انتهت جميع الجلسات.',
  'notification.password_changed.title': 'تغيَّرت كلمة مرورك',
  'notification.password_changed.message': 'تغيَّرت كلمة مرور حسابك.',
  'notification.new_device.title': 'سجَّل جهاز جديد الدخول',
  'notification.new_device.message': 'استُخدم حسابك من جهاز جديد: {device}.',
  'notification.organization_role_changed.title': 'تغيَّر دورك في منظمة',
  'notification.organization_role_changed.message': 'دورك الآن في «{organization}»: {role}.',
  'notification.organization_member_removed.title': 'لم تعد في إحدى المنظمات',
  'notification.organization_member_removed.message': 'أُخرجت من «{organization}».',
  'notification.invitation_accepted.title': 'قُبلت دعوتك',
  'notification.invitation_accepted.message': 'شخص دعوته أصبح الآن عضوًا في «{organization}».',

  'page.continue': 'المتابعة إلى {app}',
  'page.close': 'يمكنك إغلاق هذه الصفحة.',
  'page.account': 'الحساب',
  'page.password': 'كلمة المرور',
  'page.new_password': 'كلمة المرور الجديدة',
  'page.password_rule':
    '{min, plural, zero {بلا حد أدنى من الأحرف} one {حرف واحد على الأقل} two {حرفان على الأقل} few {# أحرف على الأقل} many {# حرفًا على الأقل} other {# حرف على الأقل}}. لا اسمك ولا عنوانك، ولا كلمة مرور شائعة.',
  'page.support': 'المساعدة',
  'page.show_password': 'إظهار كلمة المرور',
  'page.passkey_needed': 'يتطلب هذا أيضًا مفتاح مرور لحسابك، ولا تستطيع هذه الصفحة طلبه. اسأل القائمين على {app}.',
  'page.code': 'رمز من تطبيق المصادقة، أو رمز احتياطي',

  'page.verify_email.title': 'أكِّد عنوانك',
  'page.verify_email.made': 'أُنشئ حساب بالعنوان {email}.',
  'page.verify_email.changed': 'طلب شخص ما تغيير عنوان حسابه إلى {email}.',
  'page.verify_email.question': 'هل أنشأت هذا الحساب في {day}؟',
  'page.verify_email.yes': 'نعم، أنا أنشأته',
  'page.verify_email.no': 'لا، لم أنشئه',
  'page.verify_email.made_yes': '«نعم» تؤكد عنوانك ولا تغير شيئًا آخر.',
  'page.verify_email.made_no': '«لا» تعطيك الحساب: يُسجَّل خروج من أنشأه، وتتوقف كلمة مروره وطرق دخوله الأخرى عن العمل.',
  'page.verify_email.changed_yes': '«نعم» تجعل هذا عنوان الحساب.',
  'page.verify_email.changed_no': '«لا» ترفض التغيير: لا يحصل الحساب على عنوانك.',
  'page.already_verified.title': 'مؤكَّد بالفعل',
  'page.already_verified.text': '{email} مؤكَّد بالفعل.',
  'page.email_verified.title': 'تم تأكيد العنوان',
  'page.email_verified.text': 'تم تأكيد {email}.',
  'page.change_refused.title': 'رُفض التغيير',
  'page.change_refused.text': 'لا يحصل الحساب على العنوان {email}.',
  'page.taken_over.title': 'الحساب لك',
  'page.taken_over.text':
    'سُجِّل خروج من أنشأه، وتوقفت كلمة مروره وطرق دخوله الأخرى عن العمل. اختر كلمة مرور إذا أردت استخدام الحساب. وإلا فأغلق هذه الصفحة.',

  'page.reset_password.title': 'اختر كلمة مرور جديدة',
  'page.reset_password.submit': 'تعيين كلمة المرور',
  'page.password_set.title': 'تم تعيين كلمة المرور',
  'page.password_set.text': 'تم تعيين كلمة مرورك، وانتهت جميع جلساتك. يمكنك تسجيل الدخول بكلمة المرور الجديدة.',
  'page.revert_email.title': 'التراجع عن التغيير',
  'page.revert_email.text':
    'يعود عنوان حسابك إلى {email}. تنتهي جميع الجلسات، وتُزال كل طريقة دخول أضيفت منذ التغيير، وتختار كلمة مرور جديدة. لا يمكن التراجع عن هذا.',
  'page.restore_account.title': 'استعادة حسابك',
  'page.restore_account.text': 'حسابك محذوف لكنه لم يُمحَ بعد. يمكنك استعادته كما كان.',
  'page.restore_account.one_of': 'تكفي واحدة مما يلي.',
  'page.restore_account.submit': 'استعادة الحساب',
  'page.account_restored.title': 'استُعيد الحساب',
  'page.account_restored.text': 'استُعيد حسابك. يمكنك تسجيل الدخول من جديد.',
  'page.report.title': 'لم أكن أنا',
  'page.report.text':
    'تنتهي جميع جلسات حسابك، وتتوقف كلمة مروره عن العمل، وتختار كلمة جديدة. وإذا كانت الرسالة عن طريقة دخول أضيفت حديثًا، فإنها تُزال.',
  'page.report.submit': 'تأمين حسابي',
  'page.unlock.title': 'إلغاء قفل حسابك',
  'page.unlock.text': 'بعد محاولات فاشلة كثيرة يرفض حسابك كلمات المرور لبعض الوقت. يمكنك رفع هذا القفل الآن.',
  'page.unlock.submit': 'إلغاء القفل',
  'page.signed_out.title': 'تم تسجيل الخروج',
  'page.signed_out.text': 'لقد سجَّلت الخروج.',

  'page.unlocked.title': 'أُلغي قفل الحساب',
  'page.unlocked.text': 'يمكنك تسجيل الدخول من جديد.',

  'page.magic_link.title': 'تسجيل الدخول',
  'page.magic_link.text': 'تسجيل الدخول باسم {email}؟ إذا لم تطلب ذلك، فأغلق الصفحة: لن يحدث شيء.',
  'page.magic_link.submit': 'تسجيل الدخول',
  'page.provider_email.title': 'هل هذا أنت؟',
  'page.provider_email.text':
    'يريد {identity} من {provider} تسجيل الدخول بالعنوان {email}. إذا تابعت، فيمكن لكل من يملك ذلك الحساب لدى {provider} تسجيل الدخول إلى حسابك.',
  'page.provider_email.submit': 'هذا أنا، أظهر الرمز',
  'page.signed_in.title': 'تم تسجيل دخولك',
  'page.signed_in.text': 'أدخل هذا الرمز حيث بدأت تسجيل الدخول. يعمل مرة واحدة، لمدة {lifetime}.',
  'page.app_return.text': 'عد إلى التطبيق لإتمام تسجيل الدخول.',
  'page.app_return.submit': 'فتح التطبيق',
  'page.code_shown.title': 'أوشكت على الانتهاء',
  'page.code_shown.text': 'أدخل هذا الرمز حيث طلبت تسجيل الدخول. يعمل مرة واحدة، لمدة {lifetime}.',
  'page.code_shown.warning': 'لا تعطه لأحد، حتى لمن يقول إنه يعمل لدى {app}.',
  'page.going_on.title': 'العودة إلى التطبيق',
  'page.going_on.text': 'يجري نقلك إلى {host}.',

  'page.invitation.title': 'دعوة',
  'page.invitation.text': 'يدعوك {inviter} إلى الانضمام إلى «{organization}» لدى {app}. سيكون دورك: {role}.',
  'page.invitation.message': 'نص الرسالة: «{message}»',
  'page.invitation.account': 'اختر كلمة مرور: بها يُنشأ حسابك بهذا العنوان، وتصبح عضوًا.',
  'page.invitation.name': 'اسمك',
  'page.invitation.submit': 'إنشاء حساب والانضمام',
  'page.invitation.sign_in': 'سجِّل الدخول إلى {app} بحساب {email}، واقبل الدعوة هناك.',
  'page.invitation.closed': 'لا ينشئ {app} حسابات جديدة حاليًا. اسأل من دعاك.',
  'page.invitation.joined.title': 'أهلًا بك',
  'page.invitation.joined.text': 'لديك حساب بالعنوان {email}، وأنت عضو في «{organization}». سجِّل الدخول للمتابعة.',
  'page.invitation.revoked.title': 'سُحبت هذه الدعوة',
  'page.invitation.revoked.text': 'اطلب دعوة جديدة ممن دعاك.',

  'page.link.incomplete.title': 'هذا الرابط غير مكتمل',
  'page.link.incomplete.text':
    'ينقصه جزء. تقطع برامج البريد الروابط الطويلة أحيانًا: انسخ العنوان كاملًا من الرسالة إلى متصفحك.',
  'page.link.used.title': 'استُخدم هذا الرابط من قبل',
  'page.link.used.text': 'يعمل الرابط مرة واحدة فقط.',
  'page.link.superseded.title': 'هناك رابط أحدث',
  'page.link.superseded.text': 'في رسالة أحدث رابط آخر، ولا يعمل إلا الأحدث. ابحث عنه في بريدك.',
  'page.link.expired.title': 'انتهت صلاحية هذا الرابط',
  'page.link.expired.text': 'كان يعمل حتى {until}.',
  'page.link.void.title': 'لم يعد هذا الرابط يعمل',
  'page.link.void.text': 'تغيَّر حسابك منذ إرسال الرسالة.',
  'page.link.unknown.title': 'هذا الرابط لا يعمل',
  'page.link.unknown.text': 'إنه قديم جدًا، أو ليس من روابطنا. افتح أحدث رسالة، أو اطلب رابطًا جديدًا.',
  'page.link.renew': 'أرسل لي رابطًا جديدًا',
  'page.link_renewed.title': 'انظر في بريدك',
  'page.link_renewed.text': 'إذا كان يمكن للعنوان الحصول على رابط جديد، فهو في الطريق.',

  'page.problem.STEP_UP_REQUIRED': 'املأ أحد الحقول أدناه.',
  'page.problem.INVALID_CODE': 'الرمز خاطئ أو استُخدم من قبل.',
  'page.problem.INVALID_PASSWORD': 'كلمة المرور خاطئة.',
  'page.problem.WEAK_PASSWORD': 'من السهل جدًا تخمين كلمة المرور. اختر كلمة أطول أو أقل شيوعًا.',
  'page.problem.too_short':
    'كلمة المرور قصيرة جدًا: {min, plural, zero {لا حد أدنى لأحرفها} one {يلزمها حرف واحد على الأقل} two {يلزمها حرفان على الأقل} few {يلزمها # أحرف على الأقل} many {يلزمها # حرفًا على الأقل} other {يلزمها # حرف على الأقل}}.',
  'page.problem.breached': 'تظهر كلمة المرور في تسريب بيانات معروف. اختر كلمة أخرى.',

  'page.error.title': 'لم ينجح ذلك',
  'page.error.FORBIDDEN': 'لم ترسل النموذج إحدى صفحاتنا. افتح الرابط في رسالتك من جديد.',
  'page.error.ORIGIN_NOT_ALLOWED': 'لم ترسل النموذج إحدى صفحاتنا. افتح الرابط في رسالتك من جديد.',
  'page.error.CONFLICT': 'أصبح هذا العنوان لحساب آخر في هذه الأثناء.',
  'page.error.ACCOUNT_CLOSED':
    'أغلق مشرف هذا الحساب. يبقى رابطك صالحًا حتى اليوم المذكور في رسالته: حاول مرة أخرى عندما يُفتح الحساب.',
  'page.error.ACCOUNT_LOCKED': 'حدثت محاولات فاشلة كثيرة. حاول مرة أخرى لاحقًا.',
  'page.error.SECOND_FACTOR_LOCKED': 'أُدخلت رموز خاطئة كثيرة. حاول مرة أخرى لاحقًا.',
  'page.error.RATE_LIMIT_EXCEEDED': 'كانت هناك طلبات كثيرة. انتظر دقيقة، ثم حاول مرة أخرى.',
  'page.error.SIGNUPS_DISABLED': 'لا تُنشأ حسابات جديدة هنا حاليًا.',
  'page.error.MAINTENANCE': 'الخدمة قيد الصيانة. يبقى رابطك صالحًا: حاول مرة أخرى لاحقًا.',
  'page.error.REDIRECT_NOT_ALLOWED': 'لم يعد التطبيق الذي يؤدي إليه الرابط مسموحًا به هنا.',
  'page.error.INVALID_TOKEN': 'الرابط غير مكتمل، أو انتهت صلاحيته، أو استُخدم من قبل.',
  'page.error.OAUTH_STATE_INVALID':
    'بدأ تسجيل الدخول هذا في متصفح آخر، أو استُخدم من قبل، أو انتهت صلاحيته. عد إلى التطبيق وابدأ من جديد.',
  'page.error.OAUTH_EXCHANGE_FAILED': 'لم ينجح تسجيل الدخول عبر الموفر الآخر. ابدأ من جديد بعد بضع دقائق.',
  'page.error.OAUTH_DENIED': 'لم يسجِّل الموفر الآخر دخولك. عد إلى التطبيق وابدأ من جديد.',
  'page.error.OAUTH_PROVIDER_NOT_CONFIGURED': 'طريقة الدخول هذه غير متاحة هنا.',
  'page.error.ACCOUNT_LINK_REQUIRED':
    'هناك حساب بعنوانك بالفعل. سجِّل الدخول كما تفعل دائمًا، ثم اربط الموفر الآخر في حسابك.',
  'page.error.EMAIL_REQUIRED': 'لم يذكر الموفر الآخر عنوانًا أكَّدته لديه.',
  'page.error.INVALID_CREDENTIALS': 'لا يمكن لهذا الحساب تسجيل الدخول.',
  'page.error.other': 'حدث خطأ ما. حاول مرة أخرى بعد بضع دقائق.',

  'page.sign_in.title': 'تسجيل الدخول',
  'page.sign_in.for': 'للمتابعة إلى {host}',
  'page.sign_in.login': 'البريد الإلكتروني أو اسم المستخدم',
  'page.sign_in.password': 'كلمة المرور',
  'page.sign_in.remember': 'أبقني مسجّل الدخول على هذا الجهاز',
  'page.sign_in.submit': 'تسجيل الدخول',
  'page.sign_in.forgot': 'هل نسيت كلمة المرور؟',
  'page.sign_in.or': 'أو',
  'page.sign_in.passkey': 'استخدام مفتاح مرور',
  'page.sign_in.link': 'إرسال رابط تسجيل الدخول بالبريد',
  'page.sign_in.provider': 'المتابعة باستخدام {provider}',
  'page.sign_in.sso': 'الدخول الموحّد',
  'page.sign_in.no_account': 'هل أنت جديد هنا؟ {link}',
  'page.sign_in.sign_up': 'إنشاء حساب',

  'page.welcome.title': 'مرحبًا بعودتك',
  'page.welcome.text': 'أنت مسجّل الدخول باسم {who}.',
  'page.welcome.submit': 'متابعة',
  'page.welcome.app': 'المتابعة إلى {app}',
  'page.welcome.account': 'حسابك',
  'page.welcome.another': 'استخدام حساب آخر',
  'page.welcome.sign_out': 'تسجيل الخروج',

  'page.second_step.title': 'خطوة أخرى',
  'page.second_step.text': 'يطلب حسابك إثباتًا ثانيًا لهويتك.',
  'page.second_step.code': 'الرمز',
  'page.second_step.code_hint': 'من تطبيق المصادقة لديك، أو أحد الرموز الاحتياطية.',
  'page.second_step.submit': 'متابعة',
  'page.second_step.passkey_alone': 'يستخدم هذا الحساب مفتاح مرور كإثبات ثانٍ، وهذا يتطلب JavaScript.',
  'page.second_step.again': 'البدء من جديد',

  'page.sso.title': 'الدخول الموحّد',
  'page.sso.text': 'مؤسستك هي التي تسجّل دخولك.',
  'page.sso.email': 'بريد العمل الإلكتروني',
  'page.sso.submit': 'متابعة',
  'page.sso.going_title': 'إلى مؤسستك',
  'page.sso.going': 'يجري نقلك إلى {host} حيث تسجّل مؤسستك دخولك.',
  'page.sso.going_submit': 'الانتقال إلى {host}',

  'page.sent.title': 'تحقق من بريدك',
  'page.sent.link': 'إذا كان بإمكان هذا العنوان تسجيل الدخول فالرابط في الطريق. افتحه في هذا المتصفح.',
  'page.sent.reset': 'إذا كان هناك حساب بهذا العنوان فإن رابط اختيار كلمة مرور جديدة في الطريق.',
  'page.sent.verify': 'هناك رابط في الطريق إلى عنوانك. افتحه لتأكيد العنوان ثم سجّل الدخول.',
  'page.sent.back': 'العودة إلى تسجيل الدخول',

  'page.open_link.title': 'تسجيل الدخول',
  'page.open_link.text': 'هل تريد تسجيل الدخول باسم {who}؟',
  'page.open_link.foreign':
    'لم يطلب هذا المتصفح الرابط. لا تتابع إلا إذا كنت قد طلبته بنفسك على جهاز آخر: فالرابط الذي أرسله إليك شخص آخر يدخلك إلى حسابه هو.',
  'page.open_link.submit': 'تسجيل الدخول',

  'page.sign_up.title': 'إنشاء حساب',
  'page.sign_up.invited': 'تدعوك {organization}. أنشئ حسابك بالعنوان المدعوّ للانضمام.',
  'page.sign_up.email': 'البريد الإلكتروني',
  'page.sign_up.name': 'اسمك (اختياري)',
  'page.sign_up.password': 'كلمة المرور',
  'page.sign_up.rule':
    '{min, plural, zero {# حرف} one {حرف واحد} two {حرفان} few {# أحرف} many {# حرفًا} other {# حرف}} على الأقل. بضع كلمات لا يجمع بينها غيرك خيار جيد.',
  'page.sign_up.submit': 'إنشاء الحساب',
  'page.sign_up.terms': 'بإنشاء حساب فإنك توافق على {terms}.',
  'page.sign_up.terms_and_privacy': 'بإنشاء حساب فإنك توافق على {terms}. وتوضح {privacy} ما يحدث لبياناتك.',
  'page.sign_up.privacy': 'توضح {privacy} ما يحدث لبياناتك.',
  'page.sign_up.terms_name': 'شروط الاستخدام',
  'page.sign_up.privacy_name': 'سياسة الخصوصية',
  'page.sign_up.have_account': 'هل لديك حساب؟ {link}',

  'page.forgot.title': 'كلمة المرور المنسية',
  'page.forgot.text': 'نرسل إليك رابطًا تختار به كلمة مرور جديدة.',
  'page.forgot.email': 'البريد الإلكتروني',
  'page.forgot.submit': 'أرسل إليّ الرابط',

  'page.sign_out.title': 'هل تريد تسجيل الخروج؟',
  'page.sign_out.text': 'أنت مسجّل الدخول باسم {who}. سيؤدي هذا إلى تسجيل خروجك من هذا المتصفح.',
  'page.sign_out.submit': 'تسجيل الخروج',
  'page.sign_out.done_title': 'تم تسجيل خروجك',
  'page.sign_out.done': 'للتطبيقات التي انتقلت إليها جلساتها الخاصة.',
  'page.sign_out.back': 'رجوع',
  'page.sign_out.sign_in': 'تسجيل الدخول مجددًا',

  'page.loop.title': 'لا يصل تسجيل دخولك',
  'page.loop.text':
    'أنت مسجّل الدخول هنا، لكن {host} يعيدك مرارًا. احذف ملفات تعريف الارتباط لهذا الموقع من متصفحك ثم حاول مجددًا.',
  'page.loop.again': 'حاول مجددًا',

  'page.passkey.failed': 'لم ينجح ذلك. حاول مجددًا أو سجّل الدخول بطريقة أخرى.',

  'page.refused.INVALID_CREDENTIALS': 'البريد الإلكتروني أو اسم المستخدم أو كلمة المرور غير صحيحة.',
  'page.refused.ACCOUNT_LOCKED': 'محاولات كثيرة جدًا أو أن الحساب مقفل. حاول لاحقًا أو اختر كلمة مرور جديدة.',
  'page.refused.EMAIL_NOT_VERIFIED': 'أكّد عنوانك أولًا: فقد أُرسل إليه رابط.',
  'page.refused.MAINTENANCE': 'تسجيل الدخول متوقف للصيانة. حاول لاحقًا.',
  'page.refused.SSO_REQUIRED': 'مؤسستك هي التي تسجّل دخولك.',
  'page.refused.MFA_CODE_INVALID': 'الرمز غير صحيح أو سبق استخدامه.',
  'page.refused.MFA_CHALLENGE_INVALID': 'استغرق ذلك وقتًا طويلًا أو جرت محاولته كثيرًا. سجّل الدخول مجددًا.',
  'page.refused.SECOND_FACTOR_LOCKED': 'رموز خاطئة كثيرة جدًا. حاول بعد ساعة.',
  'page.refused.RATE_LIMIT_EXCEEDED': 'محاولات كثيرة جدًا. حاول لاحقًا.',
  'page.refused.WEAK_PASSWORD': 'كلمة المرور هذه سهلة التخمين. اختر غيرها.',
  'page.refused.CONFLICT': 'يوجد حساب بهذا العنوان. سجّل الدخول أو اختر كلمة مرور جديدة.',
  'page.refused.SIGNUPS_DISABLED': 'إنشاء الحسابات الجديدة غير متاح.',
  'page.refused.SSO_CONFIGURATION_NOT_FOUND': 'لا توجد مؤسسة تسجّل دخول هذا العنوان.',
  'page.refused.VALIDATION_ERROR': 'هناك شيء ناقص أو غير صحيح في النموذج.',
  'page.refused.OAUTH_CODE_INVALID': 'استغرق ذلك وقتًا طويلًا أو بدأ في متصفح آخر. سجّل الدخول مجددًا.',
  'page.refused.OAUTH_ACCOUNT_REFUSED': 'لا يمكن لهذا الحساب تسجيل الدخول.',
  'page.refused.PASSKEY_NOT_FOUND': 'مفتاح المرور هذا غير معروف هنا.',
  'page.refused.PASSKEY_REFUSED': 'رُفض مفتاح المرور.',
  'page.refused.PASSKEY_CHALLENGE_INVALID': 'استغرق ذلك وقتًا طويلًا. حاول مجددًا.',
  'page.refused.other': 'لم ينجح ذلك. حاول لاحقًا.',

  'page.landing.title': '{app}: خدمة تسجيل الدخول',
  'page.landing.text':
    'تسجِّل هذه الخدمة دخول الناس إلى {app}. تستدعي التطبيقات واجهتها البرمجية، وتؤدي الرسائل إلى صفحاتها.',
  'page.landing.sign_up': 'كيف ينشئ تطبيق حسابات للناس',
  'page.landing.sign_in': 'كيف يسجِّل تطبيق دخول الناس',
  'page.landing.docs': 'مرجع الواجهة البرمجية',
  'page.landing.openapi': 'مستند OpenAPI',
  'page.landing.health': 'حالة الخدمة',
  'page.mailbox.title': 'صندوق البريد',
  'page.mailbox.text': 'رسائل احتفظ بها الوضع المحلي بدلًا من إرسالها، الأحدث أولًا.',
  'page.mailbox.to': 'الرسائل إلى هذا العنوان',
  'page.mailbox.show': 'عرض',
  'page.mailbox.empty': 'لا توجد رسائل.',
  'page.mailbox.as_text': 'كنص',

  'sso_change.certificate_added': 'نشر مزوّد الهوية لديكم شهادة جديدة، وهي موثوقة من الآن فصاعدًا: {about}.',
  'sso_change.certificate_removed': 'لم يعد مزوّد الهوية لديكم ينشر إحدى الشهادات، فلم تعد موثوقة: {about}.',
  'sso_change.certificate_expiring':
    'تنتهي قريبًا صلاحية شهادة من شهادات مزوّد الهوية لديكم: {about}. يستمر تسجيل الدخول، لكن المزوّد سيستبدلها: تأكدوا من أن الشهادة الجديدة معروفة هنا.',
  'mail.data_exported.subject': 'طُلبت نسخة من بياناتك لدى {app}',
  'mail.data_exported.body':
    'طُلبت نسخة من البيانات التي يحتفظ بها {app} عنك. يمكن تنزيلها لمدة يوم واحد في الجلسة التي طلبتها، وليس في أي مكان آخر.',
  'mail.data_exported.action': 'لم أكن أنا',
  'mail.data_request_extended.subject': 'يستغرق طلبك لدى {app} وقتًا أطول',
  'mail.data_request_extended.body':
    'يستغرق طلبك بشأن بياناتك لدى {app} أكثر من ثلاثين يومًا. ستتلقى ردًا في موعد أقصاه {until}. السبب:',
  'mail.data_request_extended.message': '«{message}»',
  'mail.data_request_answered.subject': 'تم الرد على طلبك لدى {app}',
  'mail.data_request_answered.body': 'ردّ أحد مديري {app} على طلبك بشأن بياناتك. {outcome}',
  'mail.data_request_answered.message': '«{message}»',
  'data_request.completed': 'تم تنفيذه.',
  'data_request.rejected': 'تم رفضه.',
  'mail.data_requests_due.subject': 'طلبات بشأن بيانات شخصية لدى {app} يحين موعدها',
  'mail.data_requests_due.body': 'عدد الطلبات التي تنتظر ردًا: {count}. يحين موعد أولها في {until}.',
  'mail.data_requests_due.note':
    'يجب الرد عليها قبل ذلك (المادة 12(3) من اللائحة العامة لحماية البيانات). تُرسل هذه الرسالة قبل الموعد بأسبوع، وفي اليوم نفسه.',
}
