import { URL } from 'node:url'
import { type Contestant, compare, type Measured, ratioOf } from './compare.ts'
import { CONNECTIONS } from './contestants.ts'
import { type Builds, bareHonoWorker, migratePostern, posternWorker, refreshPartsWorker } from './deployments.ts'
import { PASSWORD, signUpPostern } from './fixtures.ts'
import { DOORS, named, RATE_HEAD, rateRow, spread, table, twoPlaces, verdict } from './format.ts'
import type { LoadProcess } from './load-process.ts'
import { startRuntime } from './runtime.ts'

const ROUNDS = { count: 7, milliseconds: 2000, warmUp: 8000 }
const ORIGIN = 'http://127.0.0.1:8787'

/** What stands beside each page, and how near the page comes to it at least. */
const BESIDE = {
  '/sign-in': { name: 'a bare Hono page', aim: 0.6 },
  '/account': { name: 'a bare object call', aim: null },
} as const

const asked = (name: string, base: URL, path: string, lines: Readonly<Record<string, string>> = {}): Contestant => {
  const head = Object.entries({ Host: '127.0.0.1', Accept: 'text/html', ...lines })
    .map(([line, value]) => `${line}: ${value}\r\n`)
    .join('')
  return {
    name,
    base,
    scripts: Array.from({ length: CONNECTIONS }, () => ({ head: `GET ${path} HTTP/1.1\r\n${head}`, body: '' })),
  }
}

/** The cookie of a browser in which somebody has signed in. */
async function signInBrowser(base: URL): Promise<string> {
  const [user] = await signUpPostern(base, 1)
  const answer = await fetch(new URL('/sign-in', base), {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: ORIGIN },
    body: new URLSearchParams({ login: user?.email ?? '', password: PASSWORD }),
  })
  await answer.arrayBuffer()
  const cookie = answer.headers.getSetCookie().find((one) => one.startsWith('postern-session='))
  if (cookie === undefined) throw new Error(`the sign-in answered ${answer.status}`)
  return cookie.split(';')[0] ?? ''
}

async function measure(load: LoadProcess, builds: Builds): Promise<Measured[]> {
  const runtime = await startRuntime([
    await posternWorker(builds.postern),
    await bareHonoWorker(builds.bareHono),
    await refreshPartsWorker(builds.refreshParts),
  ])
  try {
    await migratePostern(runtime)
    const [postern, hono, parts] = await Promise.all(
      ['postern', 'bare-hono', 'refresh-parts'].map((worker) => runtime.unsafeGetDirectURL(worker)),
    )
    if (!postern || !hono || !parts) throw new Error('a Worker has no socket')
    const cookie = await signInBrowser(postern)
    const pairs = [
      [asked('/sign-in', postern, '/sign-in'), asked(BESIDE['/sign-in'].name, hono, '/sign-in')],
      [asked('/account', postern, '/account', { Cookie: cookie }), asked(BESIDE['/account'].name, parts, '/object')],
    ]
    const measured: Measured[] = []
    for (const pair of pairs) measured.push(...(await compare(load, pair, ROUNDS)))
    return measured
  } finally {
    await runtime.dispose()
  }
}

/** Pages, beside the least that answers such a request. */
export async function measurePages(load: LoadProcess, builds: Builds): Promise<string> {
  const measured = await measure(load, builds)
  const rows = Object.entries(BESIDE).map(([page, { name, aim }]) => {
    const ratio = ratioOf(named(measured, page), named(measured, name))
    return [
      page,
      name,
      spread(ratio, twoPlaces),
      aim === null ? '' : `${aim}`,
      aim === null ? '' : verdict(ratio.median >= aim),
    ]
  })
  const rates = measured.map((one) => rateRow(DOORS.socket, 'GET', one))
  return `## Pages

\`/sign-in\` for a stranger, which reads no storage, beside a page of the same size that is one string; \`/account\` of whom the browser has signed in, beside one call of an object that reads a row.

${table(['page', 'beside', 'ratio', 'aim', 'reached'], rows)}

${table(RATE_HEAD, rates)}
`
}
