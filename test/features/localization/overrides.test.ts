import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { createTexts } from '../../../src/features/localization/service/texts.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { makeAdmin } from '../../support/users.ts'

const app = createTestApp()
const { headers } = await makeAdmin(app)

const AT = '/api/v1/localization/translations'
const SUBJECT = 'mail.magic_link.subject'

const write = (key: string, value: string, locale = 'nl') =>
  app.fetch(AT, json({ key, locale_code: locale, value }, headers))
const storedIn = async (locale: string): Promise<Record<string, string>> => (await app.fetch(`${AT}/${locale}`)).json()

interface Refusal {
  readonly code: string
  readonly details: { readonly reason?: string; readonly name?: string; readonly position?: number }
}
const refusalOf = async (key: string, value: string): Promise<unknown[]> => {
  const answer = await write(key, value)
  const { code, details } = await answer.json<Refusal>()
  return [answer.status, code, details.reason, details.name, details.position]
}

/** Writes all texts of the service in locales without a catalogue, so that they are spoken. */
async function translateAll(locales: readonly string[], share = 1): Promise<void> {
  const { en } = await import('../../../src/features/localization/catalogues/en.ts')
  const some = Object.entries(en).slice(0, Math.ceil(Object.keys(en).length * share))
  for (const locale of locales)
    await env.DB.prepare(
      `insert into translations (locale, key, value, is_override, updated_at)
       select ?, key, value, 1, 1 from json_each(?) where true on conflict do nothing`,
    )
      .bind(locale, JSON.stringify(Object.fromEntries(some)))
      .run()
}
await translateAll(['nl', 'pl', 'it', 'sl', 'sk'])

describe('a locale without a catalogue', () => {
  const localeOf = async (wanted: string) => (await createTexts(await createTestApp().ctx(), wanted)).locale

  it('is spoken once nine tenths of the texts are written, and not for one', async () => {
    expect((await write('page.close', 'Lukk.', 'nb')).status).toBe(200)
    expect(await localeOf('nb')).toBe('en')
    await translateAll(['nb'], 0.85)
    expect(await localeOf('nb')).toBe('en')
    await translateAll(['nb'], 0.9)
    expect(await localeOf('nb')).toBe('nb')
  })

  it('is spoken for one text where it is a region of a language that has one', async () => {
    expect(await localeOf('es-MX')).toBe('es')
    expect((await write('page.close', 'Ya puede cerrar.', 'es-MX')).status).toBe(200)
    expect(await localeOf('es-MX')).toBe('es-MX')
  })
})

describe('an override', () => {
  it('is a text: HTML in it is shown, not understood', async () => {
    expect((await write('mail.magic_link.body', '<b>{app}</b> <script>{lifetime}</script>')).status).toBe(200)
    const texts = await createTexts(await app.ctx(), 'nl')
    expect(texts.text('mail.magic_link.body', { app: 'A', lifetime: '1' })).toBe('<b>A</b> <script>1</script>')
  })

  it('may use the placeholders more than once, in another order, and quote braces', async () => {
    expect((await write('mail.magic_link.body', "{lifetime}, '{'{app}'}' {app}")).status).toBe(200)
    expect((await createTexts(await app.ctx(), 'nl')).text('mail.magic_link.body', { app: 'A', lifetime: '1' })).toBe(
      '1, {A} A',
    )
  })

  it('may count what the original counts, in the forms of its language', async () => {
    const rule = 'Minimaal {min, plural, one {# teken} few {# tekeny} many {# tekenów} other {# tekens}}'
    expect((await write('page.password_rule', rule, 'pl')).status).toBe(200)
    const texts = await createTexts(await app.ctx(), 'pl')
    const said = [1, 2, 5, 22, 1.5].map((min) => texts.text('page.password_rule', { min }))
    expect(said).toEqual([
      'Minimaal 1 teken',
      'Minimaal 2 tekeny',
      'Minimaal 5 tekenów',
      'Minimaal 22 tekeny',
      'Minimaal 1,5 tekens',
    ])
  })

  it('may break lines where the original does', async () => {
    expect((await write('mail.new_device.body', '{app}\n{device}\n{ip}\n{time}')).status).toBe(200)
  })

  const nested = (levels: number): string => (levels === 0 ? 'x' : `{min, plural, other {${nested(levels - 1)}}}`)

  it.each([
    // What does not parse, and where.
    ['page.close', 'Close {', 'syntax', '{', 6],
    ['page.continue', 'To {app', 'syntax', '{app', 3],
    ['page.continue', '{app, plural}', 'syntax', '}', 12],
    ['page.password_rule', '{min, plural, one {#}}', 'syntax', '}', 21],
    ['page.continue', '{}', 'syntax', '{}', 0],
    ['page.continue', '{{app}}', 'syntax', '{', 0],
    // Other placeholders than the original's.
    ['page.continue', '{app} {constructor}', 'unknown_placeholder', 'constructor', 6],
    ['page.continue', '{app} {__proto__}', 'unknown_placeholder', '__proto__', 6],
    ['page.continue', '{app} {toString}', 'unknown_placeholder', 'toString', 6],
    ['page.continue', '{app} {url}', 'unknown_placeholder', 'url', 6],
    ['page.close', '{app}', 'unknown_placeholder', 'app', 0],
    ['page.password_rule', '{min, plural, other {# {app}}}', 'unknown_placeholder', 'app', 23],
    // One of the original's is missing, or is hidden.
    ['page.continue', 'Go on', 'missing_placeholder', 'app', 5],
    ['page.continue', "'{app}'", 'missing_placeholder', 'app', 7],
    [
      'mail.email_changed.body',
      'Your address was changed. {app} {time} {until}',
      'missing_placeholder',
      'newEmail',
      46,
    ],
    ['page.continue', '{app, select, Postern {x} other {y}}', 'placeholder_type', 'app', 0],
    // Used so that formatting would fail.
    ['page.continue', '{app, number}', 'placeholder_type', 'app', 0],
    ['page.continue', '{app, date}', 'placeholder_type', 'app', 0],
    ['page.continue', '{app, time}', 'placeholder_type', 'app', 0],
    ['page.continue', '{app, plural, other {#}}', 'placeholder_type', 'app', 0],
    ['page.password_rule', '{min, date}', 'placeholder_type', 'min', 0],
    ['page.password_rule', '{min, number, ::currency/EUR}', 'placeholder_type', 'min', 0],
    // Too deep, too many.
    ['page.password_rule', nested(6), 'too_deep', 'min', 105],
    ['page.password_rule', '{min, plural, one {a} other {b}}'.repeat(9), 'too_many_forms', 'min', 256],
    // Addresses, whole and in parts.
    ['page.close', 'See https://evil.example/x', 'address', ':/', 9],
    ['page.close', 'See http:/evil', 'address', ':/', 8],
    ['page.close', 'See //evil', 'address', '//', 4],
    ['page.close', 'See WWW.evil', 'address', 'WWW.', 4],
    ['page.close', 'See evil.com', 'address', 'l.com', 7],
    ['page.close', 'Write to a@b', 'address', '@', 10],
    ['page.continue', '{app}.com', 'address', '{}.com', 0],
    ['page.continue', 'evil.{app}', 'address', 'l.{}', 0],
    ['page.password_rule', 'http{min, plural, other {:}}{min, plural, other {/}}/evil', 'address', ':/', 0],
    ['page.password_rule', 'evil{min, plural, other {.}}com', 'address', 'l.com', 0],
    // As mail programs read them.
    ['page.close', 'See evil．com', 'address', 'l.com', 0],
    ['page.close', 'See evil。com', 'address', 'l.com', 0],
    ['page.close', 'See evil｡com', 'address', 'l.com', 0],
    ['page.close', 'See evil-.com', 'address', '-.com', 8],
    ['page.close', 'See evil.\u200dcom', 'address', 'l.com', 0],
    ['page.close', 'See evil.\u0627\u0651', 'address', 'l.\u0627\u0651', 7],
    ['page.close', 'See http:\\evil', 'address', ':\\', 8],
    ['page.close', 'See \\\\evil', 'address', '\\\\', 4],
    ['page.close', 'See 203.0.113.9', 'address', '203.0.113.9', 4],
    ['page.close', 'Write to a＠b', 'address', '@', 0],
    // Another number than the service's, or none.
    ['page.password_rule', '{min, plural, offset:3 other {#}}', 'placeholder_type', 'min', 0],
    ['page.password_rule', '{min, plural, other {two}}', 'missing_placeholder', 'min', 26],
    ['page.password_rule', '{min, plural, one {#} other {some}}', 'missing_placeholder', 'min', 35],
    ['page.password_rule', '{min, plural, one {#} few {some} other {#}}', 'missing_placeholder', 'min', 43],
    ['page.password_rule', '{min, plural, =12 {some} other {#}}', 'missing_placeholder', 'min', 35],
    ['page.password_rule', '{min, selectordinal, one {some} other {#}}', 'missing_placeholder', 'min', 42, 'en'],
    // "One" is for 21, too.
    [
      'page.password_rule',
      '{min, plural, one {some} few {#} many {#} other {#}}',
      'missing_placeholder',
      'min',
      52,
      'ru',
    ],
    // Lines, and signs that nobody sees.
    [SUBJECT, '{app}\nBcc: x', 'line_break', 'U+000A', 5],
    [SUBJECT, '{app}\r\nBcc: x', 'control_character', 'U+000D', 5],
    [SUBJECT, '{app}\u2028x', 'control_character', 'U+2028', 5],
    [SUBJECT, '{app}\u0085x', 'control_character', 'U+0085', 5],
    ['page.close', 'a\u0000', 'control_character', 'U+0000', 1],
    ['page.close', 'a\u001b[31m', 'control_character', 'U+001B', 1],
    ['page.close', 'a\u202ecba', 'control_character', 'U+202E', 1],
    ['page.close', 'a\u2066b', 'control_character', 'U+2066', 1],
    ['page.close', 'a\u200fb', 'control_character', 'U+200F', 1],
    ['page.close', 'a\u061cb', 'control_character', 'U+061C', 1],
    ['page.close', 'a\u200bb', 'control_character', 'U+200B', 1],
    ['page.close', 'a\ufeffb', 'control_character', 'U+FEFF', 1],
    ['page.close', 'a\u{e0041}b', 'control_character', 'U+E0041', 1],
    ['page.close', 'a\u3164b', 'control_character', 'U+3164', 1],
    ['page.close', 'a\ue000b', 'control_character', 'U+E000', 1],
    ['page.close', 'a\ud800b', 'control_character', 'U+D800', 1],
    // Nothing at all.
    ['page.close', '   ', 'empty', '', 0],
    ['page.password_rule', '{min, plural, one { } other {x}}', 'empty', '', 0],
  ])('of %s is refused: %j', async (key, value, reason, name, position, locale = 'nl') => {
    const before = await storedIn(locale)
    const answer = await write(key, value, locale)
    const { code, details } = await answer.json<Refusal>()
    expect([answer.status, code, details]).toEqual([422, 'MESSAGE_INVALID', { reason, name, position }])
    expect(await storedIn(locale)).toEqual(before)
  })

  it.each([
    ['{min, plural, =0 {none} one {one} other {#}}', 'nl'],
    ['{min, plural, =2 {a pair} other {#}}', 'nl'],
    ['{min, plural, zero {none} one {one} two {two} few {#} many {#} other {#}}', 'ar'],
    ['{min}', 'ru'],
  ])('says none, one and two in words where a form is for those alone: %j in %s', async (value, locale) => {
    expect((await write('page.password_rule', value, locale)).status).toBe(200)
    const taken = app.fetch(`/api/v1/localization/translations/${locale}/page.password_rule`, {
      method: 'DELETE',
      headers,
    })
    expect((await taken).status).toBe(200)
  })

  it('of 5,000 levels, or 2,001 characters, is refused before it is read', async () => {
    for (const value of [nested(5000), 'x'.repeat(2001), '{'.repeat(5000)])
      expect((await write('page.password_rule', value)).status).toBe(422)
    expect((await write('page.password_rule', `${'{min, plural, other {'.repeat(90)}x`)).status).toBe(422)
    expect(await refusalOf('page.password_rule', `${'{min, plural, other {'.repeat(80)}x${'}}'.repeat(80)}`)).toEqual([
      422,
      'MESSAGE_INVALID',
      'too_deep',
      'min',
      105,
    ])
  })
})

describe('a change of an override', () => {
  it('is seen by every isolate within 30 seconds, and by the one that wrote it at once', async () => {
    let time = Date.now()
    const other = createTestApp({ override: (ctx) => ({ ...ctx, now: () => time }) })
    const says = async (of: typeof app) => (await createTexts(await of.ctx(), 'it')).text('page.close')
    expect(await says(other)).toBe('You can close this page.')
    await write('page.close', 'Chiudi.', 'it')
    expect(await says(app)).toBe('Chiudi.')
    expect(await says(other)).toBe('You can close this page.')
    time += 29_000
    expect(await says(other)).toBe('Chiudi.')
    expect((await app.fetch(`${AT}/it/page.close`, { method: 'DELETE', headers })).status).toBe(200)
    expect(await says(app)).toBe('You can close this page.')
    time += 29_000
    expect(await says(other)).toBe('You can close this page.')
  })

  it('of two at once leaves one of the two texts, and both in the record', async () => {
    const values = ['Eén.', 'Twee.']
    const both = await Promise.all(values.map((value) => write('page.link.used.text', value)))
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect(values).toContain((await storedIn('nl'))['page.link.used.text'])
    const { results } = await env.DB.prepare(
      `select data from events where type = 'localization.translation_updated' and subject = 'page.link.used.text'`,
    ).all<{ data: string }>()
    expect(results.map(({ data }) => JSON.parse(data).after.value).sort()).toEqual(values)
  })

  it('is not written by anybody but an admin', async () => {
    const body = { key: 'page.close', locale_code: 'nl', value: 'X' }
    expect((await app.fetch(AT, json(body))).status).toBe(401)
  })
})

describe('without D1', () => {
  const down = () => Promise.reject(new Error('down'))
  const withDb = (ctx: Ctx, work: () => Promise<never>): Ctx => ({
    ...ctx,
    db: { select: () => ({ from: () => ({ where: work }) }) } as unknown as Ctx['db'],
  })

  it.each([
    ['fails', down],
    ['hangs', () => new Promise<never>(() => undefined)],
  ])('the catalogue speaks, when it %s', async (_, work) => {
    const began = Date.now()
    const broken = createTestApp({ override: (ctx) => withDb(ctx, work) })
    expect((await createTexts(await broken.ctx(), 'de')).text('page.close')).toBe('Sie können diese Seite schließen.')
    // An outage delays one page, not each.
    expect((await createTexts(await broken.ctx(), 'fr')).text('page.close')).toBe('Vous pouvez fermer cette page.')
    expect(Date.now() - began).toBeLessThan(2500)
  })

  it('an override that was read before is not said after its time', async () => {
    let time = Date.now()
    let isDown = false
    const flaky = createTestApp({
      override: (ctx) => ({ ...(isDown ? withDb(ctx, down) : ctx), now: () => time }),
    })
    const says = async () => (await createTexts(await flaky.ctx(), 'sl')).text('page.close')
    await write('page.close', 'Zapri.', 'sl')
    expect(await says()).toBe('Zapri.')
    isDown = true
    expect(await says()).toBe('Zapri.')
    time += 30_000
    expect(await says()).toBe('You can close this page.')
  })

  it('an override that no longer fits its text is passed over', async () => {
    await env.DB.prepare(
      `insert or replace into translations (locale, key, value, is_override, updated_at) values ('sk', 'page.close', '{gone} {', 1, 1)`,
    ).run()
    await env.DB.prepare(
      `insert or replace into translations (locale, key, value, is_override, updated_at) values ('sk', 'page.account', '{gone}', 1, 1)`,
    ).run()
    const texts = await createTexts(await app.ctx(), 'sk')
    expect([texts.locale, texts.text('page.close'), texts.text('page.account')]).toEqual([
      'sk',
      'You can close this page.',
      'Account',
    ])
  })
})
