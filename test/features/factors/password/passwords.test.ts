import { describe, expect, it } from 'vitest'
import { findWeaknesses } from '../../../../src/features/factors/password/rules/strength.ts'
import { createTestApp, json } from '../../../support/app.ts'
import { newAddress, newEmail } from '../../../support/users.ts'

const owner = { email: 'ada.lovelace@example.test', username: 'countess', firstName: 'Ada', lastName: 'Lovelace' }
const policy = {
  minLength: 8,
  owner,
  names: ['Castle & Gate', 'auth', 'example'],
  isCommon: (folded: string) => folded === 'password123',
}
const weaknesses = (password: string, minLength = 8) => findWeaknesses(password, { ...policy, minLength })

describe('findWeaknesses', () => {
  it.each([
    'correct horse battery',
    'Lovelace was never a countess',
    'ünïcödé pässwörd',
    'пароль на латыни',
    '🗝️🏰🐎⚔️🛡️👑🗝️🏰',
  ])('finds none in %j', (password) => {
    expect(weaknesses(password)).toEqual([])
  })

  it.each([
    ['1234567', ['too_short']],
    ['🗝🗝🗝🗝🗝🗝🗝', ['too_short']],
    ['x'.repeat(129), ['too_long']],
    ['password\ud800', ['not_text']],
    ['pass\0word', ['not_text']],
    ['PassWord123', ['common']],
    ['ｐａｓｓｗｏｒｄ１２３', ['common']],
    ['ada.lovelace@example.test', ['personal']],
    ['ADA.LOVELACE', ['personal']],
    ['Countess1815!', ['personal']],
    ['countesscountess', ['personal']],
    ['lovelace', ['personal']],
    ['AdaLovelace', ['personal']],
    ['ada lovelace', ['personal']],
  ])('finds in %j: %j', (password, expected) => {
    expect(weaknesses(password)).toEqual(expected)
  })

  it.each(['Lovelace1815', 'AdaLovelace', 'lovelace ada', 'ByronByron', 'Ada Byron Lovelace'])(
    'finds in %j a name that is written in one field',
    (password) => {
      const whole = { email: 'countess@example.test', displayName: 'Ada  Byron Lovelace' }
      expect(findWeaknesses(password, { ...policy, owner: whole })).toEqual(['personal'])
    },
  )

  it('takes 128 characters, whatever bytes they have, and the configured minimum', () => {
    const different = Array.from({ length: 128 }, (_, index) => String.fromCodePoint(0x1f300 + index)).join('')
    expect(weaknesses(different)).toEqual([])
    expect(weaknesses('elevenchars', 12)).toEqual(['too_short'])
    expect(weaknesses('twelve chars', 12)).toEqual([])
  })

  it.each([
    ['aaaaaaaaaaaaaaaa', 'repeated'],
    ['AaAaAaAaAaAa', 'repeated'],
    ['abab1212abab', 'repeated'],
    ['gate7!gate7!gate7!', 'repeated'],
    ['drawbridge-drawbridge-draw', 'repeated'],
    ['🗝️🏰🗝️🏰🗝️🏰🗝️🏰', 'repeated'],
    ['abcdefghijkl', 'sequential'],
    ['ZYXWVUTSRQ', 'sequential'],
    ['9876543210', 'sequential'],
    ['1234567890!', 'sequential'],
    ['abcdefgh1234', 'sequential'],
    ['aabbccddeeff', 'sequential'],
    ['qwertyuiopasdfghjkl', 'sequential'],
    ['Qwertz-asdfgh-yxcvbn', 'sequential'],
    ['lkjhgfdsa', 'sequential'],
    ['!@#$%^&*()', 'sequential'],
    ['йцукенгшщз', 'sequential'],
    ['castle1234567', 'personal'],
    ['Castle&Gate!!!!', 'personal'],
    ['castlegate2026', 'personal'],
    ['example-example', 'personal'],
    ['AUTHqwertyuiop', 'personal'],
    ['lovelace987654321', 'personal'],
    ['Ada+Lovelace=1811', 'personal'],
  ])('finds in %j a pattern: %s', (password, expected) => {
    expect(weaknesses(password)).toEqual([expected])
  })

  it.each([
    'abc-defence-42',
    'my 1234 castles burn',
    'Ada rides at 7 to York',
    'qwer was never enough',
    'gate-gate-moat',
  ])('finds none in %j, where a run or a name is a part', (password) => {
    expect(weaknesses(password)).toEqual([])
  })

  it('takes no offence at names of one or two letters', () => {
    const short = { email: 'a@example.test', firstName: 'Al', lastName: 'Bo' }
    expect(findWeaknesses('al-bo-74913', { ...policy, owner: short })).toEqual([])
  })
})

describe('a password at sign-up', () => {
  const signUp = (app: ReturnType<typeof createTestApp>, password: string, path = 'signup') =>
    app.fetch(`/api/v1/auth/${path}`, json({ email: newEmail(), password }, { 'cf-connecting-ip': newAddress() }))

  it('has the configured length', async () => {
    const strict = createTestApp({ env: { PASSWORD_MIN_LENGTH: '12' } })
    const answer = await signUp(strict, 'elevenchars')
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      {
        code: 'WEAK_PASSWORD',
        message: 'The password must have at least 12 characters',
        details: { reasons: ['too_short'], min_length: 12 },
      },
    ])
  })

  it('is no repeated or sequential character, and not the name of the service with one behind', async () => {
    const app = createTestApp({ env: { APP_NAME: 'Drawbridge', PUBLIC_URL: 'https://auth.stronghold.example' } })
    const reasonsOf = async (password: string) => {
      const answer = await signUp(app, password)
      const { details } = await answer.json<{ details?: { reasons: string[] } }>()
      return [answer.status, details?.reasons]
    }
    expect(await reasonsOf('aaaaaaaaaaaaaaaa')).toEqual([400, ['repeated']])
    expect(await reasonsOf('zyxwvutsrqponm')).toEqual([400, ['sequential']])
    expect(await reasonsOf('drawbridge2026!')).toEqual([400, ['personal']])
    expect(await reasonsOf('Stronghold12345678')).toEqual([400, ['personal']])
    expect((await reasonsOf('a drawbridge without a moat'))[0]).toBe(201)
  })

  it('passes with the examples of the documented systems', async () => {
    const app = createTestApp()
    expect((await signUp(app, 'securePassword123', 'register')).status).toBe(201)
    expect((await signUp(app, 'TestPassword123!')).status).toBe(201)
  })
})

describe('the breached-password check', () => {
  const password = 'a password that leaked'
  const leaked = async () => {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(password)))
    return digest.toHex().toUpperCase()
  }

  /** An app whose provider answers `answer`, and the requests that it got. */
  const appWith = (answer: (request: Request) => Promise<Response>) => {
    const requests: Request[] = []
    const app = createTestApp({
      env: { BREACHED_PASSWORD_CHECK: 'true' },
      override: (ctx) => ({
        ...ctx,
        fetch: async (input, init) => {
          const request = new Request(input, init)
          requests.push(request)
          return answer(request)
        },
      }),
    })
    const signUp = (text: string) =>
      app.fetch(
        '/api/v1/auth/signup',
        json({ email: newEmail(), password: text }, { 'cf-connecting-ip': newAddress() }),
      )
    return { requests, signUp }
  }

  it('refuses a password that the provider knows, and sends it five characters of the hash', async () => {
    const hash = await leaked()
    const { requests, signUp } = appWith(async () => new Response(`${'0'.repeat(35)}:0\r\n${hash.slice(5)}:42\r\n`))
    const answer = await signUp(password)
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { code: 'WEAK_PASSWORD', details: { reasons: ['breached'] } },
    ])
    expect(requests.map(({ url }) => url)).toEqual([`https://api.pwnedpasswords.com/range/${hash.slice(0, 5)}`])
    expect(requests[0]?.headers.get('add-padding')).toBe('true')
  })

  it('lets others through, and padding with the count 0', async () => {
    const hash = await leaked()
    const { signUp } = appWith(async () => new Response(`${hash.slice(5)}:0\r\n`))
    expect((await signUp(password)).status).toBe(201)
  })

  it.each([
    ['refuses', async () => new Response('no', { status: 503 })],
    ['cannot be reached', async () => Promise.reject(new TypeError('network'))],
  ])('lets everybody through when the provider %s', async (_name, answer) => {
    expect((await appWith(answer).signUp(password)).status).toBe(201)
  })

  it('gives the provider up after 1.5 seconds', async () => {
    const { signUp } = appWith(
      (request) =>
        new Promise((_resolve, reject) => {
          request.signal.addEventListener('abort', () => reject(request.signal.reason))
        }),
    )
    expect((await signUp(password)).status).toBe(201)
  })

  it('is off by default', async () => {
    const app = createTestApp({
      override: (ctx) => ({ ...ctx, fetch: () => Promise.reject(new Error('must not be called')) }),
    })
    const answer = await app.fetch('/api/v1/auth/signup', json({ email: newEmail(), password }))
    expect(answer.status).toBe(201)
  })
})
