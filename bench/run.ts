import { readFile, writeFile } from 'node:fs/promises'
import type { Miniflare } from 'miniflare'
import { measureColdStart } from './cold-start.ts'
import { compare } from './compare.ts'
import {
  CONNECTIONS,
  contestantsAt,
  type Door,
  evaluationContestants,
  getSessionContestant,
  permissionContestants,
  refreshContestants,
  refreshOfMembersContestants,
  signInContestants,
  type Users,
  validateContestants,
} from './contestants.ts'
import {
  BETTER_AUTH_STORES,
  type Builds,
  bareHonoWorker,
  betterAuthWorker,
  buildAll,
  migratePostern,
  posternWorker,
  refreshPartsWorker,
} from './deployments.ts'
import { measureExistence } from './existence.ts'
import { measureFanOut } from './fan-out.ts'
import {
  createPolicies,
  createPosternClient,
  joinOrganization,
  joinTen,
  signUpBetterAuth,
  signUpPostern,
} from './fixtures.ts'
import { measureLists } from './lists.ts'
import { LoadProcess } from './load-process.ts'
import { describeMachine } from './machine.ts'
import { measureOrganizationLists } from './organizations.ts'
import { measurePolicies } from './policies.ts'
import { type Checks, renderReport } from './report.ts'
import { startRuntime } from './runtime.ts'
import { measureSections, SECTIONS, withSection } from './sections.ts'
import { measureStartup } from './startup.ts'

const USERS = 8
const SUBSCRIBERS = 1000
const EVENTS = 5
const ASKED_ABOUT = 16
const CHECKS = { count: 9, milliseconds: 1500, warmUp: 4000 }
const SIGN_INS = { count: 3, milliseconds: 3000, warmUp: 1000 }
const REFRESHES = { count: 9, milliseconds: 1500, warmUp: 4000 }
const COLD_STARTS = 9
const EVALUATIONS = 5
/** Of the organization that is asked about. */
const POLICIES = 10

const RESULTS = new URL('./RESULTS.md', import.meta.url)

const say = (line: string) => console.error(`bench: ${line}`)

/** The one workerd in which every Worker that is compared runs. */
async function startAll(builds: Builds): Promise<Miniflare> {
  const runtime = await startRuntime([
    await posternWorker(builds.postern),
    await bareHonoWorker(builds.bareHono),
    await refreshPartsWorker(builds.refreshParts),
    ...(await Promise.all(BETTER_AUTH_STORES.map((store) => betterAuthWorker(builds.betterAuth, store)))),
  ])
  await migratePostern(runtime)
  await fetch(new URL('/prepare', await runtime.unsafeGetDirectURL('refresh-parts')))
  return runtime
}

async function signUpAll(runtime: Miniflare): Promise<Users> {
  const betterAuth = async (store: (typeof BETTER_AUTH_STORES)[number]) =>
    signUpBetterAuth(await runtime.unsafeGetDirectURL(`better-auth-${store}`), USERS)
  const base = await runtime.unsafeGetDirectURL('postern')
  const joiners = await signUpPostern(base, CONNECTIONS)
  await joinTen(runtime, base, joiners)
  return {
    postern: await signUpPostern(base, 2 * USERS),
    strangers: await signUpPostern(base, CONNECTIONS),
    joiners,
    members: await joinOrganization(runtime, base, await signUpPostern(base, USERS)),
    betterAuth: { cookie: await betterAuth('cookie'), kv: await betterAuth('kv'), d1: await betterAuth('d1') },
  }
}

async function measureChecks(load: LoadProcess, runtime: Miniflare, users: Users, door: Door): Promise<Checks> {
  const make = await contestantsAt(runtime, door)
  const sessions = BETTER_AUTH_STORES.map((store) => getSessionContestant(make, users, store))
  return {
    door,
    get: await compare(load, [...validateContestants(make, users, 'GET'), ...sessions], CHECKS),
    post: await compare(load, validateContestants(make, users, 'POST'), CHECKS),
    permission: await compare(load, permissionContestants(make, users), CHECKS),
  }
}

async function runAll(): Promise<void> {
  say('building the Workers')
  const builds = await buildAll()
  say('starting workerd, signing users up')
  const runtime = await startAll(builds)
  const load = new LoadProcess()
  try {
    const users = await signUpAll(runtime)
    const base = await runtime.unsafeGetDirectURL('postern')
    say('checks through miniflare’s front Worker')
    const front = await measureChecks(load, runtime, users, 'front')
    say('checks on the Workers’ own sockets')
    const socket = await measureChecks(load, runtime, users, 'socket')
    const make = await contestantsAt(runtime, 'socket')
    say('refresh')
    const refresh = await compare(load, refreshContestants(make, users), REFRESHES)
    say('refresh by members of ten organizations')
    const refreshOfMembers = await compare(load, refreshOfMembersContestants(make, users), REFRESHES)
    say('evaluation of policies')
    const machineToken = await createPosternClient(runtime, base, ['policies:evaluate'])
    const question = await createPolicies(runtime, users.members, POLICIES)
    const evaluation = await compare(load, evaluationContestants(make, machineToken, question), CHECKS)
    say(`one platform event to ${SUBSCRIBERS} subscribers`)
    const leavers = await signUpPostern(base, EVENTS)
    const fanOut = await measureFanOut(
      load,
      base,
      await createPosternClient(runtime, base, ['events:read']),
      leavers,
      SUBSCRIBERS,
    )
    say('sign-in')
    const signIn = await compare(load, signInContestants(make, users), SIGN_INS)
    say('answers about addresses with and without an account')
    const existence = await measureExistence(base, await signUpPostern(base, ASKED_ABOUT))
    say('lists at 1,000 and 100,000 users')
    const lists = await measureLists(runtime, base)
    say('lists at 1,000 and 10,000 organizations')
    const organizationLists = await measureOrganizationLists(runtime, base)
    await runtime.dispose()
    const sections = await measureSections(load, builds, Object.keys(SECTIONS), say)
    say('policies')
    const policies = await measurePolicies()
    say('cold starts')
    const coldStarts = await measureColdStart(builds, COLD_STARTS)
    say('evaluation of the modules')
    const startup = await measureStartup(EVALUATIONS)
    const machine = await describeMachine()
    const report = renderReport({
      machine,
      builds,
      checks: [front, socket],
      signIn,
      refresh,
      refreshOfMembers,
      evaluation,
      fanOut,
      existence,
      lists,
      organizationLists,
      policies,
      coldStarts,
      startup,
      sections,
    })
    await writeFile(RESULTS, report)
    console.log(report)
  } finally {
    load.stop()
    await runtime.dispose()
  }
}

/** Measures sections, and leaves the others of the report as they are. */
async function runSections(names: readonly string[]): Promise<void> {
  say('building the Workers')
  const builds = await buildAll()
  const load = new LoadProcess()
  try {
    for (const name of names) {
      const [section = ''] = await measureSections(load, builds, [name], say)
      await writeFile(RESULTS, withSection(await readFile(RESULTS, 'utf8'), section))
      console.log(section)
    }
  } finally {
    load.stop()
  }
}

const names = process.argv.slice(2)
const unknown = names.find((name) => !Object.hasOwn(SECTIONS, name))
if (unknown !== undefined) {
  say(`there is no section ${unknown}: there are ${Object.keys(SECTIONS).join(', ')}`)
  process.exitCode = 1
} else await (names.length > 0 ? runSections(names) : runAll())

// A runtime that was disposed of goes on watching a folder.
process.exit()
