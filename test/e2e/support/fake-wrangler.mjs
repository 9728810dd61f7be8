// Stands for wrangler and the platform behind it: keeps what was made in a file, and records every call.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env.FAKE_CLOUDFLARE
const file = join(folder, 'account.json')
const account = JSON.parse(readFileSync(file, 'utf8'))
const args = process.argv.slice(2)
const input = readFileSync(0, 'utf8')
appendFileSync(join(folder, 'calls.ndjson'), `${JSON.stringify({ args, input })}\n`)

const print = (value) => console.log(typeof value === 'string' ? value : JSON.stringify(value))
function refuse(text) {
  console.error(text)
  process.exit(1)
}

const ANSWERS = {
  // As the real one: without a login only `--json` ends with 1.
  whoami: () => {
    const isJson = args.includes('--json')
    if (account.isLoggedIn) print(isJson ? { loggedIn: true } : 'You are logged in')
    else print(isJson ? { loggedIn: false } : 'You are not authenticated. Please run `wrangler login`.')
    if (isJson && !account.isLoggedIn) process.exit(1)
  },
  'd1 list': () => print(account.databases),
  'd1 create': (name) => account.databases.push({ name, uuid: '5f0a1c1e-7f0e-4b7a-9d0a-3c9a1f2b4d6e' }),
  'd1 migrations': () => print('applied'),
  'd1 execute': () => execute(),
  'kv namespace': (verb, title) =>
    verb === 'list'
      ? print(account.namespaces)
      : account.namespaces.push({ title, id: '0123456789abcdef0123456789abcdef' }),
  'queues create': (name) =>
    account.queues.includes(name)
      ? refuse(`Queue name '${name}' is already taken. [code: 11009]`)
      : account.queues.push(name),
  'secret list': () =>
    Object.keys(account.secrets).length === 0 && !account.isDeployed
      ? refuse('This Worker does not exist on your account. [code: 10007]')
      : print(Object.keys(account.secrets).map((name) => ({ name, type: 'secret_text' }))),
  'secret put': (name) => {
    account.secrets[name] = input
  },
  deploy: () => {
    account.isDeployed = true
    print('Uploaded postern')
  },
}

function execute() {
  const at = args.indexOf('--file')
  if (at === -1) {
    const isAdminAsked = /role = 'admin'/.test(args.at(-1))
    print([{ results: isAdminAsked ? account.admins.map((email) => ({ email })) : [] }])
    return
  }
  const [, email] =
    /INSERT INTO users .*VALUES \('[0-9a-f-]+', '([^']+)'/.exec(readFileSync(args[at + 1], 'utf8')) ?? []
  if (email) account.admins.push(email)
}

const answer = ANSWERS[args.slice(0, 2).join(' ')] ?? ANSWERS[args[0]]
if (!answer) refuse(`unknown: ${args.join(' ')}`)
answer(...args.slice(2))
writeFileSync(file, JSON.stringify(account))
