import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { makeAdmin, signUpUser } from '../../support/users.ts'

const app = createTestApp()
const { headers, user: adminUser } = await makeAdmin(app)

const AT = '/api/v1/localization'

/** A beginning that no other test's keys have. */
const freshPrefix = (): string => `t${newUuid().replaceAll('-', '')}`

const put = (key: string, value: string, locale = 'sv') =>
  app.fetch(`${AT}/translations`, { ...json({ key, locale_code: locale, value }, headers), method: 'PUT' })
const addKey = (body: Record<string, unknown>) => app.fetch(`${AT}/translation-keys`, json(body, headers))
const textsOf = async (locale: string, query = ''): Promise<Record<string, string>> =>
  (await app.fetch(`${AT}/translations/${locale}${query}`)).json()
const codeOf = async (answer: Response): Promise<[number, string]> => [
  answer.status,
  (await answer.json<{ code: string }>()).code,
]
const eventsOf = async (subject: string): Promise<{ type: string; actor_id: string; data: unknown }[]> => {
  const { results } = await env.DB.prepare(
    'select type, actor_id, data from events where subject = ? order by position',
  )
    .bind(subject)
    .all<{ type: string; actor_id: string; data: string }>()
  return results.map((row) => ({ ...row, data: JSON.parse(row.data) }))
}

interface LocaleRow {
  readonly code: string
  readonly native_name: string
  readonly is_active: boolean
  readonly is_rtl: boolean
  readonly translation_progress: number
}
const localesOf = async (query = ''): Promise<LocaleRow[]> => (await app.fetch(`${AT}/locales${query}`)).json()

describe('locales', () => {
  it('are about fifty, the five complete ones first', async () => {
    const locales = await localesOf()
    expect(locales.length).toBeGreaterThan(45)
    expect(locales.slice(0, 5).map(({ code, is_active, is_rtl }) => [code, is_active, is_rtl])).toEqual([
      ['en', true, false],
      ['de', true, false],
      ['fr', true, false],
      ['es', true, false],
      ['ar', true, true],
    ])
    expect(locales.every(({ code }) => /^[a-z]{2}(-[A-Z]{2})?$/.test(code))).toBe(true)
    expect(locales.filter(({ is_rtl }) => is_rtl).map(({ code }) => code)).toEqual(['ar', 'fa', 'he', 'ur'])
  })

  it('become active by the first translation, and are asked for by that', async () => {
    const of = async () => (await localesOf()).find(({ code }) => code === 'et')
    expect(await of()).toMatchObject({ is_active: false, translation_progress: 0, native_name: 'eesti' })
    await put(`${freshPrefix()}.a`, 'Tere', 'et')
    expect(await of()).toMatchObject({ is_active: true })
    expect((await localesOf('?is_active=true')).some(({ code }) => code === 'et')).toBe(true)
    expect((await localesOf('?is_active=false')).some(({ code }) => code === 'et')).toBe(false)
    expect((await app.fetch(`${AT}/locales?is_active=perhaps`)).status).toBe(422)
  })
})

describe('a key of an application', () => {
  it('has a default, a description and a category, and is listed', async () => {
    const key = `${freshPrefix()}.title`
    const answer = await addKey({ key, default_value: 'Hello {name}', description: 'Above', category: 'shop' })
    expect(answer.status).toBe(201)
    const made = await answer.json<Record<string, unknown>>()
    expect(made).toMatchObject({ key, default_value: 'Hello {name}', description: 'Above', category: 'shop' })
    const listed = await (await app.fetch(`${AT}/translation-keys`, { headers })).json<Record<string, unknown>[]>()
    expect(listed.filter((row) => row.key === key)).toEqual([made])
    expect(await eventsOf(key)).toEqual([
      {
        type: 'localization.key_created',
        actor_id: adminUser.id,
        data: { after: { default_value: 'Hello {name}', category: 'shop' } },
      },
    ])
  })

  it('is created once, also by two at once', async () => {
    const body = { key: `${freshPrefix()}.once`, default_value: 'A' }
    const both = await Promise.all([addKey(body), addKey(body)])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    expect(await codeOf(await addKey(body))).toEqual([409, 'TRANSLATION_KEY_EXISTS'])
    expect(await eventsOf(body.key)).toHaveLength(1)
  })

  it.each(['mail.own', 'page', 'page.close', 'role.owner', 'notification.x', 'sso_change.y', 'sso_about.z'])(
    '%s is refused: ours begin like it',
    async (key) => {
      expect(await codeOf(await addKey({ key, default_value: 'A' }))).toEqual([422, 'TRANSLATION_KEY_RESERVED'])
    },
  )

  it.each([
    ['', 'A'],
    ['Upper', 'A'],
    ['with space', 'A'],
    ['dash-ed', 'A'],
    ['a/b', 'A'],
    ['.', 'A'],
    ['..', 'A'],
    ['a..b', 'A'],
    ['__proto__', 'A'],
    ['a.constructor.prototype.b', 'A'],
    ['x'.repeat(256), 'A'],
    [null, 'A'],
    ['own.ok', ''],
    ['own.ok', 'x'.repeat(2001)],
    ['own.ok', null],
  ])('%j with %j is refused', async (key, value) => {
    expect(await codeOf(await addKey({ key, default_value: value }))).toEqual([422, 'VALIDATION_ERROR'])
  })

  it('whose default does not parse is refused, with its place', async () => {
    const answer = await addKey({ key: `${freshPrefix()}.a`, default_value: 'Hello {name' })
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({
      code: 'MESSAGE_INVALID',
      details: { reason: 'syntax', position: 6, name: '{name' },
    })
  })

  it('is one of 5,000: of two at once that would be the last, one is', async () => {
    const prefix = freshPrefix()
    const { total } = (await env.DB.prepare('select count(*) total from translation_keys').first<{
      total: number
    }>()) ?? {
      total: 0,
    }
    await env.DB.prepare(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
       insert into translation_keys select 'id' || ?2 || i, ?2 || '.' || i, 'A', null, null, 1, 1 from n`,
    )
      .bind(4999 - total, prefix)
      .run()
    try {
      const both = await Promise.all(['x', 'y'].map((name) => addKey({ key: `${prefix}.${name}`, default_value: 'A' })))
      expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
      expect(await codeOf(await put(`${prefix}.z`, 'A'))).toEqual([409, 'TOO_MANY_TRANSLATION_KEYS'])
      expect((await put(`${prefix}.1`, 'B')).status).toBe(200)
    } finally {
      await env.DB.prepare('delete from translation_keys where key like ?').bind(`${prefix}.%`).run()
      await env.DB.prepare('delete from translations where key like ?').bind(`${prefix}.%`).run()
    }
  })
})

describe('the texts of a locale, and the defaults', () => {
  const MIB = 1024 * 1024
  /** As many rows as leave `left` bytes. */
  const fill = (prefix: string, left: number) =>
    env.DB.batch([
      env.DB.prepare(
        `insert into translations select 'vi', ?1, hex(zeroblob((?2 - coalesce(sum(length(cast(key as blob)) + length(cast(value as blob))), 0)
           - length(?1)) / 2)), 0, 1 from translations where locale = 'vi'`,
      ).bind(`${prefix}.aa`, MIB - left),
      env.DB.prepare(
        `insert into translation_keys select ?1, ?1, hex(zeroblob((?2 - coalesce(sum(length(cast(key as blob)) + length(cast(default_value as blob))), 0)
           - length(?1)) / 2)), null, null, 1, 1 from translation_keys`,
      ).bind(`${prefix}.bb`, MIB - left),
    ])
  const TOO_LARGE = [409, 'TRANSLATIONS_TOO_LARGE']

  it('have a mebibyte each: what goes beyond is refused, of two at once too, and leaves nothing', async () => {
    const prefix = freshPrefix()
    const inVi = (key: string, value: string) => put(key, value, 'vi')
    const known = `${prefix}.known`
    expect((await addKey({ key: known, default_value: 'A' })).status).toBe(201)
    await fill(prefix, 200)
    try {
      // In bytes: a letter of three.
      expect(await codeOf(await inVi(known, 'ạ'.repeat(70)))).toEqual(TOO_LARGE)
      expect(await codeOf(await inVi(`${prefix}.new`, 'ạ'.repeat(70)))).toEqual(TOO_LARGE)
      expect(await codeOf(await inVi('page.close', 'ạ'.repeat(70)))).toEqual(TOO_LARGE)
      expect(await codeOf(await addKey({ key: `${prefix}.new`, default_value: 'ạ'.repeat(70) }))).toEqual(TOO_LARGE)
      expect(await eventsOf(`${prefix}.new`)).toEqual([])
      expect(await codeOf(await inVi(`${prefix}.new`, '{'))).toEqual([422, 'MESSAGE_INVALID'])
      // Another locale has room, and a default has none.
      expect(await codeOf(await put(`${prefix}.new`, 'ạ'.repeat(70)))).toEqual(TOO_LARGE)
      expect((await put(known, 'ạ'.repeat(70))).status).toBe(200)
      const both = await Promise.all([inVi(known, 'a'.repeat(100)), inVi('page.close', 'a'.repeat(100))])
      expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
      // What takes the place of a text needs room for the difference alone.
      const kept = both[0]?.status === 200 ? known : 'page.close'
      expect((await inVi(kept, 'b'.repeat(101))).status).toBe(200)
    } finally {
      await env.DB.prepare('delete from translation_keys where key like ?').bind(`${prefix}.%`).run()
      await env.DB.prepare("delete from translations where key like ? or locale = 'vi'").bind(`${prefix}.%`).run()
    }
  })
})

describe('a translation', () => {
  it('creates its key, and is replaced by the next', async () => {
    const key = `${freshPrefix()}.a`
    expect((await put(key, 'Hej {name}')).status).toBe(200)
    expect((await put(key, '{name}, hej')).status).toBe(200)
    expect((await textsOf('sv'))[key]).toBe('{name}, hej')
    expect(await eventsOf(key)).toEqual([
      expect.objectContaining({
        type: 'localization.key_created',
        data: { after: { default_value: 'Hej {name}', category: null } },
      }),
      expect.objectContaining({
        type: 'localization.translation_updated',
        data: { locale: 'sv', after: { value: 'Hej {name}' } },
      }),
      expect.objectContaining({
        data: { locale: 'sv', before: { value: 'Hej {name}' }, after: { value: '{name}, hej' } },
      }),
    ])
  })

  it('has the placeholders of its key, and may have a link', async () => {
    const key = `${freshPrefix()}.a`
    await addKey({ key, default_value: 'Hello {name}' })
    const refused = await put(key, 'Hej {namn}')
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({
      details: { reason: 'unknown_placeholder', name: 'namn', position: 4 },
    })
    expect((await put(key, 'Hej')).status).toBe(422)
    expect((await put(key, 'Se https://example.test/{name}\n<b>x</b>')).status).toBe(200)
  })

  it('of a key that two create at once, each with its own placeholders, fits the key that there is', async () => {
    const key = `${freshPrefix()}.race`
    const both = await Promise.all([put(key, 'A {a}', 'sv'), put(key, 'B {b}', 'da')])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 422])
    const written = [(await textsOf('sv'))[key], (await textsOf('da'))[key]].filter((text) => text !== undefined)
    expect(written).toHaveLength(1)
    expect((await eventsOf(key)).map(({ type }) => type)).toEqual([
      'localization.key_created',
      'localization.translation_updated',
    ])
  })

  it.each(['xx', 'sv-SE-x', 'SV', '__proto__', 'constructor', ''])(
    'in %j is refused: no such locale',
    async (locale) => {
      expect(await codeOf(await put('own.none', 'A', locale))).toEqual([404, 'LOCALE_NOT_FOUND'])
    },
  )

  it.each(['mail.none', 'page.__proto__', 'role.constructor'])(
    'of %s is refused: we have no such text',
    async (key) => {
      expect(await codeOf(await put(key, 'A'))).toEqual([422, 'TRANSLATION_KEY_RESERVED'])
    },
  )

  it('of a key with capitals is one of ours alone, and none is of what objects have', async () => {
    for (const key of ['Own.Key', '__proto__', 'a.constructor'])
      expect(await codeOf(await put(key, 'A'))).toEqual([422, 'VALIDATION_ERROR'])
    expect((await put('page.problem.STEP_UP_REQUIRED', 'Fyll i.')).status).toBe(200)
  })

  it('is taken back once', async () => {
    const key = `${freshPrefix()}.a`
    await put(key, 'A')
    const remove = () => app.fetch(`${AT}/translations/sv/${key}`, { method: 'DELETE', headers })
    const both = await Promise.all([remove(), remove()])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 404])
    expect(await codeOf(await remove())).toEqual([404, 'TRANSLATION_NOT_FOUND'])
    expect(await textsOf('sv')).not.toHaveProperty(key)
    expect((await eventsOf(key)).at(-1)).toMatchObject({
      type: 'localization.translation_deleted',
      data: { locale: 'sv', before: { value: 'A' } },
    })
    expect((await app.fetch(`${AT}/translations/xx/${key}`, { method: 'DELETE', headers })).status).toBe(404)
  })

  it('is written by admins of the platform alone', async () => {
    const { headers: user } = await signUpUser(app)
    const body = { key: 'own.none', locale_code: 'sv', value: 'A' }
    expect((await app.fetch(`${AT}/translations`, json(body, user))).status).toBe(403)
    expect((await app.fetch(`${AT}/translations/sv/own.none`, { method: 'DELETE', headers: user })).status).toBe(403)
    expect((await app.fetch(`${AT}/translation-keys`, { headers: user })).status).toBe(403)
    expect((await app.fetch(`${AT}/translation-keys`)).status).toBe(401)
  })
})

describe('the texts of a locale', () => {
  it('are public for a minute, and not sent again to whoever has them', async () => {
    const key = `${freshPrefix()}.a`
    await put(key, 'A', 'fi')
    const first = await app.fetch(`${AT}/translations/fi`)
    expect(first.headers.get('cache-control')).toBe('public, max-age=60')
    const tag = first.headers.get('etag') ?? ''
    expect(tag).toMatch(/^"[\w-]{43}"$/)
    expect(await first.json()).toEqual({ [key]: 'A' })
    const ask = (value: string) => app.fetch(`${AT}/translations/fi`, { headers: { 'if-none-match': value } })
    for (const value of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await ask(value)
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
    }
    expect((await ask('"other"')).status).toBe(200)
    await put(key, 'B', 'fi')
    expect((await ask(tag)).status).toBe(200)
  })

  it('are filled in by the chain: region, language, English, default', async () => {
    const prefix = freshPrefix()
    for (const name of ['region', 'language', 'english', 'none'])
      await addKey({ key: `${prefix}.${name}`, default_value: 'default' })
    await put(`${prefix}.region`, 'Brasil', 'pt-BR')
    for (const name of ['region', 'language']) await put(`${prefix}.${name}`, 'português', 'pt')
    for (const name of ['region', 'language', 'english']) await put(`${prefix}.${name}`, 'English', 'en')
    const own = (texts: Record<string, string>) =>
      Object.fromEntries(Object.entries(texts).filter(([key]) => key.startsWith(prefix)))
    expect(own(await textsOf('pt-BR'))).toEqual({ [`${prefix}.region`]: 'Brasil' })
    const complete = await textsOf('pt-BR', '?complete=true')
    expect(own(complete)).toEqual({
      [`${prefix}.region`]: 'Brasil',
      [`${prefix}.language`]: 'português',
      [`${prefix}.english`]: 'English',
      [`${prefix}.none`]: 'default',
    })
    expect(complete['page.close']).toBe('You can close this page.')
    expect((await textsOf('de', '?complete=true'))['page.close']).toBe('Sie können diese Seite schließen.')
    expect(Object.keys(complete)).toEqual(Object.keys(complete).sort())
  })

  it('of an unknown locale are not found', async () => {
    for (const locale of ['xx', 'DE', '%20', '__proto__'])
      expect(await codeOf(await app.fetch(`${AT}/translations/${locale}`))).toEqual([404, 'LOCALE_NOT_FOUND'])
    expect((await app.fetch(`${AT}/translations/de?complete=perhaps`)).status).toBe(422)
  })
})
