import { access, glob, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { SETTING_NAMES } from '../../src/config.ts'
import { PASSWORD, signUp } from './support/api.ts'
import { CHROMIUM, launchBrowser, servePage } from './support/browser.ts'
import { ADMIN, PROJECT_ROOT } from './support/checkout.ts'
import { start } from './support/process.ts'

/** The pages for readers, by their path. Decisions are a record, in which a sentence may be that of another. */
const PAGES = new Map<string, string>()
for await (const name of glob(
  ['*.md', 'docs/*.md', 'docs/decisions/*.md', 'examples/*/README.md', 'src/compat/*/README.md', 'bench/README.md'],
  { cwd: PROJECT_ROOT },
))
  PAGES.set(name, await readFile(join(PROJECT_ROOT, name), 'utf8'))

const pageOf = (name: string): string => PAGES.get(name) ?? ''
const README = pageOf('README.md')

const isMissing = CHROMIUM === undefined

describe('README', () => {
  it('has exactly two lines that set everything up', () => {
    const [, block = ''] = /^## Quick start\n[\s\S]*?^```\n([\s\S]*?)^```$/m.exec(README) ?? []
    const commands = block
      .trim()
      .split('\n')
      .map((line) => line.replace(/ *#.*/, ''))
    expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test'])
  })

  it('has 120 lines at most', () => {
    expect(README.trimEnd().split('\n').length).toBeLessThanOrEqual(120)
  })

  it.skipIf(isMissing)('signs in by the pages in twenty lines (needs the program chromium)', async () => {
    const [, block = ''] = /^```js\n([\s\S]*?)^```$/m.exec(README) ?? []
    expect(block.trimEnd().split('\n').length).toBeLessThanOrEqual(20)
    const code = block.replace('http://127.0.0.1:8787', inject('origin'))
    const { email } = await signUp(inject('origin'))
    const server = await servePage()
    const browser = await launchBrowser()
    const page = await browser.newPage()
    await page.goto(server.origin)
    await page.evaluate(`(async () => { ${code}; await signIn() })()`)
    await page.getByLabel('Email or username').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL((url) => url.origin === server.origin && url.searchParams.has('code'))
    const seen = await page.evaluate(`(async () => {
      ${code}
      const { user, access_token } = await comeBack()
      const again = await comeBack().catch(({ message }) => message)
      return [user.email, typeof access_token, again]
    })()`)
    await browser.close()
    await server.stop()
    expect(seen).toEqual([email, 'string', 'This sign-in began elsewhere'])
  })
})

it.skipIf(isMissing)(
  'docs/browser.md signs up and in from a page in fifteen lines (needs the program chromium)',
  async () => {
    const [, block = ''] = /^```js\n([\s\S]*?)^```$/m.exec(pageOf('docs/browser.md')) ?? []
    expect(block.trimEnd().split('\n').length).toBeLessThanOrEqual(15)
    const code = block.replace('http://127.0.0.1:8787', inject('origin'))
    const server = await servePage()
    const browser = await launchBrowser()
    const page = await browser.newPage()
    await page.goto(server.origin)
    const seen = await page.evaluate(`(async () => {
      ${code}
      const email = crypto.randomUUID() + '@example.com'
      await signUp(email, '${PASSWORD}')
      const first = tokens.access_token
      await signIn(email, '${PASSWORD}')
      const refused = await signIn(email, 'wrong password').catch(({ message }) => message)
      return [(await whoAmI()).email === email, tokens.access_token !== first, refused]
    })()`)
    await browser.close()
    await server.stop()
    expect(seen).toEqual([true, true, 'INVALID_CREDENTIALS: Invalid email or password'])
  },
)

it('docs/tour.md works when pasted', { timeout: 90_000 }, async () => {
  const blocks = [...pageOf('docs/tour.md').matchAll(/^```sh tour\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
  expect(blocks.length).toBeGreaterThan(4)
  const tour = blocks.join('\n').replace('http://127.0.0.1:8787', inject('origin'))
  const shell = start('bash', ['-c', tour], {
    cwd: inject('checkout'),
    env: { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password },
  })
  expect(await shell.ended, shell.output()).toBe(0)
  const output = shell.output()

  expect(output).toMatch(/"email":"ada\d+@example\.com"/)
  expect(output).toContain('two tabs, 1 successor')
  expect(output).toMatch(/^X-Auth-Roles: user\r?$/im)
  expect(output).toMatch(/^session\.revoked \{/m)
  const statuses = [...output.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status))
  expect(statuses).toEqual([200, 403, 401, 200, 401, 200, 401])
  expect(output).toMatch(/^INVALID_CREDENTIALS$/m)
  expect(output).toMatch(/"total_users":\d+/)
  expect(output).toMatch(/^\[\{"id":"[0-9a-f-]{36}","email":/m)
  expect(output).toMatch(/^X-Auth-Amr: pwd,otp,mfa\r?$/im)
  expect(output).toContain('"challenge":')
  expect(output).toMatch(
    /^de\nada\d+@example\.com\ncomplete: true, with 1 authenticator and [1-9]\d* events\nIhre Daten bei Postern wurden angefordert$/m,
  )
  expect(output).toMatch(/^grace\d+@example\.com$/m)
  expect(output).toMatch(/^verified\nactive\nfalse\ninactive$/m)
  expect(output).toMatch(/^verified user\.suspended number 1 of [0-9a-f-]{36}$/m)
  expect(output).toMatch(/^refused: /m)
  const [verified = '', changed = ''] = output.split(/^(?=\d+ records, )/m).slice(1)
  expect(verified).toMatch(/^Nothing was changed/m)
  expect(changed).toContain('this is not the record as it was signed')
  expect(changed).toMatch(/^the change was found$/m)
})

it('docs/settings.md names every setting once, and no other', () => {
  const [worker = ''] = pageOf('docs/settings.md').split('## Of the commands')
  const named = [...worker.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name)
  expect(named.toSorted()).toEqual(SETTING_NAMES.toSorted())
})

describe('pages', () => {
  const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '')
  /** The anchors of a page's headings, as hosts of repositories make them. */
  const anchorsOf = (text: string) =>
    [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    )

  it('link only to files and headings that are there', async () => {
    const broken: string[] = []
    for (const [name, text] of PAGES) {
      for (const [, target = ''] of withoutCode(text).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
        const [file = '', anchor] = target.split('#')
        const path = file === '' ? name : relative(PROJECT_ROOT, join(PROJECT_ROOT, dirname(name), file))
        const isThere = await access(join(PROJECT_ROOT, path)).then(
          () => true,
          () => false,
        )
        if (!isThere || (anchor !== undefined && !anchorsOf(pageOf(path)).includes(anchor)))
          broken.push(`${name}: ${target}`)
      }
    }
    expect(broken).toEqual([])
  })

  it('are in the index', () => {
    const index = pageOf('docs/README.md')
    const pages = [...PAGES.keys()].filter((name) => /^docs\/(?!README)[\w-]+\.md$/.test(name))
    expect(pages.length).toBeGreaterThan(10)
    expect(pages.filter((name) => !index.includes(`(${name.replace('docs/', '')})`))).toEqual([])
  })

  it('have no sentence of another', () => {
    const places = new Map<string, string[]>()
    for (const [name, text] of PAGES) {
      if (/^docs\/decisions\/|^src\/compat\/|^CHANGELOG/.test(name)) continue
      const prose = withoutCode(text).replaceAll(/\n(?![\n|#-])/g, ' ')
      for (const sentence of prose.split(/(?<=[.:;]) |\n| \| /)) {
        const words = sentence.replace(/^[-*|\s]+|[.:;|\s]+$/g, '')
        // A cell that is one path is no sentence.
        const isCode = /^`[^`]+`$/.test(words)
        if (words.length > 50 && !words.startsWith('[') && !isCode)
          places.set(words, [...(places.get(words) ?? []), name])
      }
    }
    expect([...places].filter(([, names]) => names.length > 1)).toEqual([])
  })
})
