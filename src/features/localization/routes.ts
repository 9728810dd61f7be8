import * as z from 'zod'
import type { AdminCtx } from '../../context.ts'
import { created, instant, ok, reply, response, shape } from '../../http/answers.ts'
import { Done, doneToWire } from '../../http/done.ts'
import { admin, anyone } from '../../http/guard.ts'
import { arrayOf } from '../../http/list.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { sha256 } from '../../lib/crypto.ts'
import { toBase64Url, utf8 } from '../../lib/encoding.ts'
import { MAX_MESSAGE } from './rules/messages.ts'
import {
  createKey,
  getAllTexts,
  getTranslations,
  type LocaleState,
  listKeys,
  listLocales,
  localeNotFound,
  messageInvalid,
  removeTranslation,
  setTranslation,
  tooManyTranslationKeys,
  translationKeyExists,
  translationKeyReserved,
  translationNotFound,
  translationsTooLarge,
} from './service/translations.ts'
import type { TranslationKey } from './tables.ts'

const LocaleAnswer = shape<LocaleState>()('Locale', {
  code: z.string(),
  name: z.string(),
  native_name: z.string(),
  is_active: z.boolean().meta({ description: 'Somebody has translated something' }),
  is_rtl: z.boolean(),
  translation_progress: z.int().meta({ description: 'How many of all texts it has, in percent' }),
})

const KeyAnswer = shape<TranslationKey>()('TranslationKey', {
  id: z.uuid(),
  key: z.string(),
  default_value: z.string(),
  description: z.string().nullable(),
  category: z.string().nullable(),
  created_at: instant,
  updated_at: instant,
})

const LocaleCode = z.string().max(35)
const Key = z.string().min(1).max(255)
const Message = z.string().min(1).max(MAX_MESSAGE)

const NewTranslationBody = z
  .object({ key: Key.regex(/^[A-Za-z0-9_.]+$/), locale_code: LocaleCode, value: Message })
  .meta({ id: 'NewTranslation' })

const NewKeyBody = z
  .object({
    key: Key.regex(/^[a-z0-9_.]+$/),
    default_value: Message,
    description: z.string().max(1000).nullish(),
    category: z.string().max(100).nullish(),
  })
  .meta({ id: 'NewTranslationKey' })

const Texts = z.record(z.string(), z.string())

export const localizationRoutes = createRoutes({ prefix: '/api/v1/localization', tag: 'localization', guard: admin })

localizationRoutes.get(
  '/locales',
  {
    id: 'listLocales',
    summary: 'The locales that texts may be kept in',
    guard: anyone,
    query: z.object({ is_active: z.stringbool().optional() }),
    answer: ok(arrayOf(LocaleAnswer), 'The locales'),
  },
  async ({ ctx, query }) => {
    const locales = await listLocales(ctx)
    return query.is_active === undefined ? locales : locales.filter(({ isActive }) => isActive === query.is_active)
  },
)

/** A minute old at most; whoever has the same texts is told so alone (RFC 9110 13.1.2). */
async function answerTexts(request: Request, texts: Readonly<Record<string, string>>) {
  const body = JSON.stringify(texts)
  const tag = `"${toBase64Url(await sha256(utf8(body)))}"`
  const headers = { ETag: tag, 'Cache-Control': 'public, max-age=60' }
  const known = request.headers.get('if-none-match') ?? ''
  const isKnown = known.trim() === '*' || known.split(',').some((each) => each.trim().replace(/^W\//, '') === tag)
  if (isKnown) return reply(304, new Response(null, { status: 304, headers }))
  return reply(200, new Response(body, { headers: { ...headers, 'Content-Type': 'application/json' } }))
}

localizationRoutes.get(
  '/translations/:locale_code',
  {
    id: 'getTranslations',
    summary: 'The texts of a locale, by key',
    description:
      'Translations of the own keys, and overrides of the texts of the service. `complete=true` fills in every text: from the language of the locale, `DEFAULT_LOCALE`, English, the default of the key.',
    guard: anyone,
    params: z.object({ locale_code: LocaleCode }),
    query: z.object({ complete: z.stringbool().default(false) }),
    headers: z.object({
      'if-none-match': z.string().optional().meta({ description: 'The `ETag` of an earlier answer' }),
    }),
    answer: [response(200, 'The texts', { schema: Texts }), response(304, 'They are as they were')],
    errors: [localeNotFound],
  },
  async ({ ctx, params, query, request }) =>
    answerTexts(request, await (query.complete ? getAllTexts : getTranslations)(ctx, params.locale_code)),
)

const write = {
  isWrite: everyCall,
  body: NewTranslationBody,
  answer: ok(Done, 'It is written, and seen everywhere within 30 seconds'),
  errors: [localeNotFound, messageInvalid, translationKeyReserved, tooManyTranslationKeys, translationsTooLarge],
} as const

async function writeText({ ctx, body }: { ctx: AdminCtx; body: z.infer<typeof NewTranslationBody> }) {
  await setTranslation(ctx, { key: body.key, locale: body.locale_code, value: body.value })
  return doneToWire('Translation saved')
}

localizationRoutes.post(
  '/translations',
  { id: 'createTranslation', summary: 'Write the text of a key in a locale', ...write },
  writeText,
)

localizationRoutes.put(
  '/translations',
  { id: 'updateTranslation', summary: 'Write the text of a key in a locale, as POST does', ...write },
  writeText,
)

localizationRoutes.delete(
  '/translations/:locale_code/:key',
  {
    id: 'deleteTranslation',
    summary: 'Take a text back: the catalogue, or the default of the key, speaks again',
    isWrite: everyCall,
    params: z.object({ locale_code: LocaleCode, key: Key }),
    answer: ok(Done, 'It is gone'),
    errors: [localeNotFound, translationNotFound],
  },
  async ({ ctx, params }) => {
    await removeTranslation(ctx, { locale: params.locale_code, key: params.key })
    return doneToWire('Translation deleted')
  },
)

localizationRoutes.get(
  '/translation-keys',
  { id: 'listTranslationKeys', summary: "The application's own keys", answer: ok(arrayOf(KeyAnswer), 'The keys') },
  ({ ctx }) => listKeys(ctx),
)

localizationRoutes.post(
  '/translation-keys',
  {
    id: 'createTranslationKey',
    summary: 'Create a key of the own',
    isWrite: everyCall,
    body: NewKeyBody,
    answer: created(KeyAnswer, 'The key'),
    errors: [
      messageInvalid,
      translationKeyExists,
      translationKeyReserved,
      tooManyTranslationKeys,
      translationsTooLarge,
    ],
  },
  ({ ctx, body }) =>
    createKey(ctx, {
      key: body.key,
      defaultValue: body.default_value,
      description: body.description ?? null,
      category: body.category ?? null,
    }),
)
