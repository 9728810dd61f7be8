import { performance } from 'node:perf_hooks'
import { URL } from 'node:url'
import { inflateRawSync } from 'node:zlib'
import type { Miniflare } from 'miniflare'
import { attacksOn } from '../test/support/saml/attacks/attacks.ts'
import {
  ACS,
  ANSWER,
  AUDIENCE,
  ENTITY,
  encode,
  expected,
  NAME,
  REQUEST,
  replaced,
  SHAPES,
} from '../test/support/saml/documents.ts'
import { makeKey, NOW } from '../test/support/saml/keys.ts'
import { type Contestant, compare, type Measured } from './compare.ts'
import { CONNECTIONS } from './contestants.ts'
import { type Builds, migratePostern, posternWorker } from './deployments.ts'
import { post, signUpPostern } from './fixtures.ts'
import { named, table, twoPlaces, verdict, whole } from './format.ts'
import { requestOf, type Script } from './load/closed-loop.ts'
import type { LoadProcess } from './load-process.ts'
import { startRuntime, workerOf } from './runtime.ts'

/** Attributes beside the tests' own. */
const SIZES = { '4 KB': 0, '44 KB': 260 } as const
type AnswerSize = keyof typeof SIZES

/** Answers of a connection; a round of them ends with its answers, not by the clock. */
const ANSWERS = { 'warm-up': 40, round: 8 }
const ROUNDS = { count: 7, milliseconds: 120_000, warmUp: 120_000, settle: 1500 }
const READINGS = { count: 7, milliseconds: 2000, warmUp: 8000 }
const ACS_PATH = '/api/v1/sso/saml/acs'
const ORIGIN = 'http://127.0.0.1:8787'

interface SamlAnswers {
  readonly size: AnswerSize
  /** The ACS, Postern's steps alone, node-saml. */
  readonly measured: readonly Measured[]
}

interface SamlResults {
  readonly answers: readonly SamlAnswers[]
  /** What was refused, the dearest first: milliseconds. */
  readonly refused: { readonly count: number; readonly dearest: string; readonly most: number; readonly median: number }
}

const key = makeKey()

const attributes = (count: number): string =>
  Array.from(
    { length: count },
    (_, at) =>
      `<saml:Attribute Name="http://schemas.example/claims/attribute-${at}"><saml:AttributeValue>some value of this attribute ${at}</saml:AttributeValue></saml:Attribute>`,
  ).join('')
const answerOf = (size: AnswerSize): string =>
  ANSWER.replace('</saml:AttributeStatement>', (end) => attributes(SIZES[size]) + end)

const formOf = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
const headOf = (path: string, lines: Record<string, string>) =>
  Object.entries({ Host: '127.0.0.1', 'Content-Type': 'application/x-www-form-urlencoded', ...lines }).reduce(
    (text, [name, value]) => `${text}${name}: ${value}\r\n`,
    `POST ${path} HTTP/1.1\r\n`,
  )

/** The same answer again and again, to what only reads it. */
const readingOf = (name: string, base: URL, size: AnswerSize): Contestant => {
  const body = formOf({ SAMLResponse: encode(SHAPES.assertion(answerOf(size), key)) })
  return { name, base, scripts: Array.from({ length: CONNECTIONS }, () => ({ head: headOf('/', {}), body })) }
}

interface Enterprise {
  readonly slug: string
  readonly domain: string
  readonly audience: string
}

/** An organization whose provider is this bench. */
async function configure(runtime: Miniflare, base: URL): Promise<Enterprise> {
  const [owner] = await signUpPostern(base, 1)
  if (!owner) throw new Error('nobody signed up')
  const database = await runtime.getD1Database('DB', 'postern')
  const [slug, domain] = ['bench-saml', 'bench-saml.test']
  await database.prepare('update users set email_verified_at = 1 where email = ?').bind(owner.email).run()
  const made = await post(new URL('/api/v1/organizations', base), { name: 'Bench', slug }, owner.accessToken)
  const { id } = (await made.json()) as { id: string }
  await database
    .prepare(
      "insert into organization_domains (organization_id, domain, challenge, created_at, verified_at) values (?, ?, 'x', 1, 1)",
    )
    .bind(id, domain)
    .run()
  const configured = await post(
    new URL(`/api/v1/sso/configurations?organization_id=${id}`, base),
    {
      provider: 'saml',
      saml_entity_id: ENTITY,
      saml_sso_url: 'https://idp.example/sso',
      saml_certificate: key.certificate,
    },
    owner.accessToken,
  )
  const { saml_sp_entity_id: audience } = (await configured.json()) as { saml_sp_entity_id: string }
  return { slug, domain, audience }
}

/** A request that comes back with the provider's answer: good once. Its start is not measured. */
async function comeBack(base: URL, { slug, domain, audience }: Enterprise, size: AnswerSize, person: number) {
  const address = `10.${person >> 8}.${person & 255}.1`
  const started = await fetch(new URL(`/api/v1/sso/login?organization=${slug}`, base), {
    redirect: 'manual',
    headers: { 'cf-connecting-ip': address },
  })
  const location = started.headers.get('location')
  if (location === null) throw new Error(`the start answered ${started.status}: ${await started.text()}`)
  const query = new URL(location).searchParams
  const xml = inflateRawSync(Buffer.from(query.get('SAMLRequest') ?? '', 'base64')).toString()
  const later = Date.now() - NOW
  const answer = answerOf(size)
    .replaceAll(ACS, ORIGIN + ACS_PATH)
    .replaceAll(AUDIENCE, audience)
    .replaceAll(`"${REQUEST}"`, `"${/ ID="([^"]+)"/.exec(xml)?.[1]}"`)
    .replaceAll(NAME, `person${person}@${domain}`)
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => new Date(Date.parse(time) + later).toISOString())
  const cookie = started.headers.getSetCookie().map((each) => each.split(';', 1)[0])
  const head = headOf(ACS_PATH, { 'CF-Connecting-IP': address, Cookie: cookie.join('; '), Accept: 'application/json' })
  const RelayState = query.get('RelayState') ?? ''
  return requestOf(head, formOf({ SAMLResponse: encode(SHAPES.assertion(answer, key)), RelayState }))
}

/** Whole sign-ins at the ACS, by people who come back: state, browser, steps, account and session. */
const acsOf = (base: URL, enterprise: Enterprise, size: AnswerSize): Contestant => ({
  name: 'Postern',
  base,
  async scripts(phase) {
    const scripts: Script[] = []
    for (let connection = 0; connection < CONNECTIONS; connection += 1) {
      const once: string[] = []
      for (let turn = 0; turn < ANSWERS[phase]; turn += 1)
        once.push(await comeBack(base, enterprise, size, connection + CONNECTIONS * (turn % 8)))
      scripts.push({ head: '', body: '', once })
    }
    return scripts
  },
})

const repeat = (count: number, text: string) => Array.from({ length: count }, () => text).join('')
const LONG = `urn:${'x'.repeat(252)}`

/** Answers by strangers that are as large as rules 1 and 2 let them be: digested before the signature is known. */
const LARGEST = {
  'many elements': `<y xmlns:p="${LONG}">${repeat(1840, '<p:x/>')}</y>`,
  'many attributes': `<y xmlns:p="${LONG}">${repeat(1400, '<x p:a="1"/>')}</y>`,
  'many declarations': repeat(400, `<x xmlns="${LONG}"/>`),
  'much text': `<y>${'x'.repeat(120_000)}</y>`,
}

/** How long a stranger's answer takes to be refused, one at a time. */
async function measureRefusals(base: URL): Promise<SamlResults['refused']> {
  const keys = { trusted: key, stranger: makeKey(), p256: makeKey('p256'), weak: makeKey('weak') }
  const largest = Object.entries(LARGEST).map(([name, put]) => ({
    name,
    xml: SHAPES.response(
      replaced(ANSWER, '<saml:AttributeStatement>', (at) => put + at),
      keys.stranger,
    ),
  }))
  const forged = (['assertion', 'response', 'both'] as const).flatMap((shape) => attacksOn(shape, keys))
  const answers = [...forged, ...largest]
  let times: { name: string; time: number }[] = []
  // The second time round the code is loaded and compiled.
  for (const { name, xml } of [...answers, ...answers]) {
    const body = formOf({ SAMLResponse: encode(xml) })
    const before = performance.now()
    const { status } = await fetch(base, { method: 'POST', body })
    times.push({ name, time: performance.now() - before })
    if (status !== 401) throw new Error(`${name} was answered ${status}`)
  }
  times = times.slice(answers.length)
  times.sort((one, other) => other.time - one.time)
  const [dearest] = times
  return {
    count: times.length,
    dearest: dearest?.name ?? '',
    most: dearest?.time ?? Number.NaN,
    median: times[times.length >> 1]?.time ?? Number.NaN,
  }
}

/** In a workerd of their own. */
async function measure(
  load: LoadProcess,
  builds: Pick<Builds, 'postern' | 'samlReader' | 'nodeSaml'>,
): Promise<SamlResults> {
  const env = { EXPECTED: { type: 'json', value: JSON.stringify(expected(key)) } } as const
  const runtime = await startRuntime([
    await posternWorker(builds.postern, 'postern'),
    await workerOf('saml-reader', builds.samlReader, { env }),
    await workerOf('node-saml', builds.nodeSaml, { env }),
  ])
  try {
    await migratePostern(runtime)
    const base = await runtime.unsafeGetDirectURL('postern')
    const enterprise = await configure(runtime, base)
    const [reader, rival] = [
      await runtime.unsafeGetDirectURL('saml-reader'),
      await runtime.unsafeGetDirectURL('node-saml'),
    ]
    const answers: SamlAnswers[] = []
    for (const size of Object.keys(SIZES) as AnswerSize[]) {
      const readings = [readingOf("Postern's steps alone", reader, size), readingOf('node-saml', rival, size)]
      const measured = await compare(load, readings, READINGS)
      answers.push({ size, measured: [...(await compare(load, [acsOf(base, enterprise, size)], ROUNDS)), ...measured] })
    }
    return { answers, refused: await measureRefusals(reader) }
  } finally {
    await runtime.dispose()
  }
}

const AIMS = { '4 KB': 2, '44 KB': 1.3 } as const
const AIM_REFUSAL_MS = 200

/** By CPU, for the ACS does what a library leaves to its caller. */
const rowsOf = ({ size, measured }: SamlAnswers): string[][] => {
  const theirs = named(measured, 'node-saml')
  return ['Postern', "Postern's steps alone"].map((name) => {
    const ours = named(measured, name)
    const ratio = ours.cpu === null || theirs.cpu === null ? Number.NaN : theirs.cpu / ours.cpu
    const [mine = '', other = ''] = [ours.cpu, theirs.cpu].map((cpu) => (cpu === null ? '' : whole(cpu)))
    return [size, name, mine, other, twoPlaces(ratio), String(AIMS[size]), verdict(ratio >= AIMS[size])]
  })
}

/** Answers of a SAML provider at the ACS, and what reads them alone. */
export async function measureSaml(
  load: LoadProcess,
  builds: Pick<Builds, 'postern' | 'samlReader' | 'nodeSaml'>,
): Promise<string> {
  const { answers, refused } = await measure(load, builds)
  return `## SAML

workerd's CPU microseconds an answer of a provider, and how many times as many node-saml takes, which reads it and does nothing else: at the ACS, which ends in a session, and by its steps alone.

${table(['answer', 'what', 'Postern µs', 'node-saml µs', 'ratio', 'aim', 'reached'], answers.flatMap(rowsOf))}

${refused.count} answers of strangers, forged or as large as they may be, one at a time: the dearest ("${refused.dearest}") was refused in ${twoPlaces(refused.most)} ms, the median in ${twoPlaces(refused.median)} ms. The aim is ${AIM_REFUSAL_MS} ms: ${verdict(refused.most <= AIM_REFUSAL_MS)}.
`
}
