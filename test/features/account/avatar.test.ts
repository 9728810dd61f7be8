import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { concatBytes, utf8 } from '../../../src/lib/encoding.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { MINUTE } from '../../../src/lib/time.ts'
import { FAILURES, isolateWithout } from '../../faults/support.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { newAddress, type SignedInUser, signUpUser } from '../../support/users.ts'
import { setColumn } from '../users/support.ts'
import { ADMIN, erase } from './erasure-support.ts'

const app = createTestApp()
const PATH = '/api/v1/users/me/avatar'
const ORIGIN = 'http://127.0.0.1:8787'
const MAX_BYTES = 512 * 1024
/** What a form may have beside the file. */
const FORM_BYTES = 8 * 1024

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

const PNG = latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR')
const JPEG = latin1('\xff\xd8\xff\xe0\0\x10JFIF\0')
const WEBP = latin1('RIFF\x24\0\0\0WEBPVP8 ')
const GIF = latin1('GIF89a\x01\0\x01\0')
const HTML = utf8('<!doctype html><script>alert(1)</script>')
const SVG = utf8('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')

interface Upload {
  readonly type?: string | null
  readonly body?: BodyInit | null
  readonly on?: TestApp
}

async function upload({ headers }: Pick<SignedInUser, 'headers'>, { type = null, body = PNG, on = app }: Upload = {}) {
  const answer = await on.fetch(PATH, {
    method: 'POST',
    headers: { 'cf-connecting-ip': newAddress(), ...headers, ...(type === null ? {} : { 'content-type': type }) },
    ...(body === null ? {} : { body }),
  })
  const answered = await answer.json<{ code?: string; profile_image_url?: string }>()
  return { status: answer.status, code: answered.code, url: answered.profile_image_url ?? '', body: answered }
}

const png = (user: SignedInUser, on = app) => upload(user, { type: 'image/png', on })

function form(fields: Readonly<Record<string, Blob | string>>): FormData {
  const made = new FormData()
  for (const [name, value] of Object.entries(fields))
    if (typeof value === 'string') made.append(name, value)
    else made.append(name, value, 'me.svg')
  return made
}

const serve = (url: string, on = app) => on.fetch(url.replace(ORIGIN, ''))
const statusAt = async (url: string) => (await serve(url)).status
const keysOf = async (userId: string) =>
  (await env.KV.list({ prefix: `avatar:${userId}:` })).keys.map(({ name }) => name)
const imageOf = async ({ headers }: SignedInUser) =>
  (await (await app.fetch('/api/v1/users/me', { headers })).json<{ profile_image_url: string | null }>())
    .profile_image_url
const remove = ({ headers }: SignedInUser, on = app) => on.fetch(PATH, { method: 'DELETE', headers })

describe('an upload', () => {
  // Of uploads that are refused.
  let user: SignedInUser
  beforeAll(async () => {
    user = await signUpUser(app)
  })

  it.each([
    ['png', 'image/png', PNG],
    ['jpg', 'image/jpeg', JPEG],
    ['webp', 'image/webp', WEBP],
    ['gif', 'image/gif', GIF],
    ['gif', 'image/gif', latin1('GIF87a')],
  ])('of a %s is served as %s, whatever the client called it', async (extension, type, bytes) => {
    const user = await signUpUser(app)
    const { status, url, body } = await upload(user, { type: 'image/jpeg', body: bytes })
    expect([status, body]).toMatchObject([200, { message: 'Avatar uploaded', propagated: true }])
    expect(url).toMatch(new RegExp(`^${ORIGIN}/avatars/${user.user.id}-[0-9a-f]{32}\\.${extension}$`))
    expect(await imageOf(user)).toBe(url)
    const answer = await serve(url)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes)
    const [event] = await recordedOf(user.user.id, 'user.updated')
    expect(event?.data).toEqual({ before: { profile_image_url: null }, after: { profile_image_url: url } })
  })

  it.each(['file', 'avatar'])('may be the field %s of a form', async (field) => {
    const user = await signUpUser(app)
    const { status, url } = await upload(user, { body: form({ [field]: new Blob([PNG]), note: 'x' }) })
    expect([status, url.slice(-4)]).toEqual([200, '.png'])
    expect(new Uint8Array(await (await serve(url)).arrayBuffer())).toEqual(PNG)
  })

  it('of exactly 512 KiB is taken, of a byte more refused, raw, in a form and in pieces', async () => {
    const user = await signUpUser(app)
    const largest = concatBytes(PNG, new Uint8Array(MAX_BYTES - PNG.length))
    const larger = concatBytes(largest, Uint8Array.of(0))
    const pieces = (bytes: Uint8Array) => new Blob([bytes]).stream()
    const type = 'image/png'
    expect((await upload(user, { type, body: largest })).status).toBe(200)
    expect((await upload(user, { body: form({ file: new Blob([largest]) }) })).status).toBe(200)
    expect((await upload(user, { type, body: pieces(largest) })).status).toBe(200)
    const kept = await imageOf(user)
    for (const refused of [
      { type, body: larger },
      { type, body: pieces(larger) },
      { body: form({ file: new Blob([larger]) }) },
      { body: form({ file: new Blob([PNG]), note: 'x'.repeat(MAX_BYTES + FORM_BYTES) }) },
    ])
      expect(await upload(user, refused)).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' })
    expect(await imageOf(user)).toBe(kept)
  })

  it.each([
    ['HTML', HTML],
    ['SVG', SVG],
    ['SVG behind a byte order mark', utf8(`\ufeff<?xml version="1.0"?>${'<svg/>'}`)],
    ['HTML with the name of an image in it', concatBytes(HTML, PNG)],
    ['an image behind a space', concatBytes(utf8(' '), GIF)],
    ['a RIFF that is no WebP', latin1('RIFF\x24\0\0\0WAVEfmt ')],
    ['half a signature', PNG.subarray(0, 7)],
    ['a PDF', utf8('%PDF-1.7')],
    ['nothing', new Uint8Array()],
  ])('of %s is no picture, whatever it is called', async (_, bytes) => {
    for (const type of ['image/png', 'image/jpeg', 'image/webp', 'image/gif'])
      expect(await upload(user, { type, body: bytes })).toMatchObject({ status: 415, code: 'UNSUPPORTED_IMAGE' })
    const named = form({ file: new Blob([bytes], { type: 'image/png' }) })
    expect(await upload(user, { body: named })).toMatchObject({ status: 415, code: 'UNSUPPORTED_IMAGE' })
    expect([await imageOf(user), await keysOf(user.user.id)]).toEqual([null, []])
  })

  it.each(['image/svg+xml', 'text/html', 'application/json', 'application/octet-stream', null])(
    'whose type is %s is refused, even of a picture',
    async (type) => {
      expect(await upload(user, { type, body: PNG })).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
    },
  )

  it('without a body, without a file in its form, or in a form that is none is refused', async () => {
    const refusalOf = async (sent: Upload) => {
      const { status, code } = await upload(user, sent)
      return [status, code]
    }
    expect(await refusalOf({ body: null })).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
    expect(await refusalOf({ type: 'image/png', body: null })).toEqual([415, 'UNSUPPORTED_IMAGE'])
    for (const fields of [{}, { file: 'data:image/png;base64,' }, { picture: new Blob([PNG]) }])
      expect(await refusalOf({ body: form({ note: 'x', ...fields }) })).toEqual([422, 'VALIDATION_ERROR'])
    const twice = form({ file: new Blob([PNG]) })
    twice.append('file', new Blob([GIF]), 'b.gif')
    expect(await refusalOf({ body: twice })).toEqual([400, 'VALIDATION_ERROR'])
    // As the published SDK sends it.
    expect(await refusalOf({ type: 'multipart/form-data', body: '{}' })).toEqual([400, 'VALIDATION_ERROR'])
    expect(await imageOf(user)).toBeNull()
  })

  it('without a session stores nothing', async () => {
    expect((await upload({ headers: { authorization: '' } }, { type: 'image/png' })).status).toBe(401)
  })

  it('counts as a write', async () => {
    const user = await signUpUser(app)
    const strict = createTestApp({ env: { RATE_LIMIT_WRITES_HOURLY: '1' } })
    expect((await png(user, strict)).status).toBe(200)
    expect(await png(user, strict)).toMatchObject({ status: 429, code: 'RATE_LIMIT_EXCEEDED' })
  })
})

describe('a picture', () => {
  it('runs nothing, is not sniffed, and may be cached for a day', async () => {
    const { url } = await png(await signUpUser(app))
    const { headers } = await serve(url)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    expect(headers.get('cache-control')).toBe('public, max-age=86400, immutable')
    expect(headers.get('set-cookie')).toBeNull()
  })

  it('that is a page as well is served as the image alone', async () => {
    const polyglot = concatBytes(GIF, utf8('/*'), HTML, utf8('*/=1'))
    const { status, url } = await upload(await signUpUser(app), { type: 'text/html; image/gif', body: polyglot })
    expect([status, url]).toEqual([415, ''])
    const taken = await upload(await signUpUser(app), { type: 'image/gif', body: polyglot })
    const { headers } = await serve(taken.url)
    expect(headers.get('content-type')).toBe('image/gif')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    for (const extension of ['html', 'svg', 'js', 'png'])
      expect(await statusAt(taken.url.replace('.gif', `.${extension}`))).toBe(404)
  })

  it('is not found by another name, and no name leads to another key', async () => {
    const user = await signUpUser(app)
    const { url } = await png(user)
    const [key = ''] = await keysOf(user.user.id)
    const random = key.split(':')[2] ?? ''
    await env.KV.put('session:avatar-test', PNG, { expirationTtl: 60 })
    const { id } = user.user
    for (const name of [
      `${newUuid()}-${random}.png`,
      `${id}-${'0'.repeat(32)}.png`,
      `${id}-${random}`,
      `${id}:${random}.png`,
      `${id.toUpperCase()}-${random}.png`,
      `${id}-${random}.png.png`,
      `${id}-${random}.png%00`,
      `..%2Fsession%3Aavatar-test`,
      'session:avatar-test',
      'session%3Aavatar-test.png',
      `${id}-`,
      '__proto__',
      '%ff',
    ])
      expect([name, await statusAt(`/avatars/${name}`)]).toEqual([name, 404])
    expect(await statusAt('/avatars')).toBe(404)
    expect(await statusAt(`${url}?x`)).toBe(200)
  })
})

describe('a picture that is no longer the profile’s', () => {
  const uploaded = async () => {
    const user = await signUpUser(app)
    return { user, url: (await png(user)).url }
  }

  it('is deleted when another replaces it', async () => {
    const { user, url } = await uploaded()
    const next = await upload(user, { type: 'image/gif', body: GIF })
    await app.settled()
    expect(await keysOf(user.user.id)).toHaveLength(1)
    expect([await statusAt(url), await statusAt(next.url)]).toEqual([404, 200])
  })

  it('is deleted by its removal', async () => {
    const { user, url } = await uploaded()
    expect((await remove(user)).status).toBe(200)
    expect([await statusAt(url), await imageOf(user), await keysOf(user.user.id)]).toEqual([404, null, []])
    expect((await remove(user)).status).toBe(200)
  })

  it('is deleted when the profile names another address', async () => {
    const { user, url } = await uploaded()
    const { headers } = user
    const answer = await app.fetch('/api/v1/users/me', {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ profile_image_url: 'https://example.test/ada.png' }),
    })
    expect(answer.status).toBe(200)
    await app.settled()
    expect([await statusAt(url), await keysOf(user.user.id)]).toEqual([404, []])
  })

  it('is deleted with its user, also one that the profile does not name', async () => {
    const { user } = await uploaded()
    const { id } = user.user
    await env.KV.put(`avatar:${id}:${'a'.repeat(32)}`, PNG, { metadata: { at: Date.now() } })
    await env.KV.put(`avatar:${id}:${'b'.repeat(32)}`, PNG)
    expect(await erase(id)).toEqual({ erased: true, propagated: true })
    expect(await keysOf(id)).toEqual([])
  })

  it('is erased in several runs when there are more than one run deletes', async () => {
    const { user } = await uploaded()
    const { id } = user.user
    const many = Array.from({ length: 101 }, (_, index) => `avatar:${id}:${String(index).padStart(32, '0')}`)
    await Promise.all(many.map((key) => env.KV.put(key, PNG)))
    expect((await erase(id)).erased).toBe(false)
    expect((await erase(id)).erased).toBe(true)
    expect(await keysOf(id)).toEqual([])
  })

  it('is deleted by a later change when a failure has left it; one that may be about to be named stays', async () => {
    const { user } = await uploaded()
    const { id } = user.user
    const key = (letter: string) => `avatar:${id}:${letter.repeat(32)}`
    await env.KV.put(key('a'), PNG, { metadata: { at: Date.now() - 11 * MINUTE } })
    await env.KV.put(key('b'), PNG, { metadata: { at: Date.now() } })
    await remove(user)
    expect(await keysOf(id)).toEqual([key('b')])
  })

  it('is never another user’s: a profile that names a stranger’s picture deletes nothing of theirs', async () => {
    const { user: victim, url } = await uploaded()
    const thief = await signUpUser(app)
    await setColumn(thief.user.id, 'profile_image_url', url)
    expect((await remove(thief)).status).toBe(200)
    await setColumn(thief.user.id, 'profile_image_url', url)
    expect((await png(thief)).status).toBe(200)
    await setColumn(thief.user.id, 'profile_image_url', url)
    expect((await erase(thief.user.id)).erased).toBe(true)
    await app.settled()
    expect([await statusAt(url), await imageOf(victim)]).toEqual([200, url])
  })
})

describe('uploads that race', () => {
  it('leave the picture that the profile names, and no other', async () => {
    const user = await signUpUser(app)
    const all = await Promise.all([png(user), png(user), png(user), png(user)])
    await app.settled()
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const url = (await imageOf(user)) ?? ''
    expect(await statusAt(url)).toBe(200)
    expect(await keysOf(user.user.id)).toHaveLength(1)
    expect(all.map((one) => one.url)).toContain(url)
  })

  it('with a removal leave the picture that the profile names, or none', async () => {
    const user = await signUpUser(app)
    await png(user)
    const [uploaded, removed] = await Promise.all([png(user), remove(user)])
    await app.settled()
    expect([uploaded.status, removed.status]).toEqual([200, 200])
    const url = await imageOf(user)
    expect(await keysOf(user.user.id)).toHaveLength(url === null ? 0 : 1)
    if (url !== null) expect(await statusAt(url)).toBe(200)
  })

  it('with the deletion of the account leave no picture', async () => {
    const user = await signUpUser(app)
    const { id } = user.user
    const deleting = createTestApp({
      override: (ctx: Ctx) => ({
        ...ctx,
        kv: new Proxy(ctx.kv, {
          get: (kv, name) =>
            name === 'put'
              ? async (...args: Parameters<KVNamespace['put']>) => {
                  await kv.put(...args)
                  if (!args[0].startsWith('avatar:')) return
                  await changeUserState(await app.ctx(), { userId: id, change: 'delete', actor: ADMIN })
                }
              : (Reflect.get(kv, name) as (...args: unknown[]) => unknown).bind(kv),
        }),
      }),
    })
    expect((await png(user, deleting)).status).toBe(404)
    await deleting.settled()
    expect(await keysOf(id)).toEqual([])
  })
})

describe.each(FAILURES)('while KV %s', (_, failure, options) => {
  it('an upload, a removal and a picture are 503, and the profile stays', { ...options, timeout: 30_000 }, async () => {
    const user = await signUpUser(app)
    const { url } = await png(user)
    const on = isolateWithout('kv', failure)
    const [uploaded, removed, served] = await Promise.all([png(user, on), remove(user, on), serve(url, on)])
    expect(uploaded).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' })
    expect([removed.status, served.status]).toEqual([503, 503])
    expect([await imageOf(user), await statusAt(url)]).toEqual([url, 200])
    expect((await erase(user.user.id, on)).erased).toBe(false)
    expect(await keysOf(user.user.id)).toHaveLength(1)
    expect((await erase(user.user.id)).erased).toBe(true)
    expect(await keysOf(user.user.id)).toEqual([])
  })
})
