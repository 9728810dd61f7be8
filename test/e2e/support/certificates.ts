import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Identity {
  readonly key: string
  readonly cert: string
}

export interface Authority {
  /** The authority's certificate, for `NODE_EXTRA_CA_CERTS`. */
  readonly file: string
  /** A key and certificate for a server of this name. */
  issue(name: string): Promise<Identity>
  remove(): Promise<void>
}

const SUBJECT = '/CN=postern test'
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A certificate authority of one test run. */
export async function createAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-ca-'))
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const isAuthority = ['-addext', 'basicConstraints=critical,CA:TRUE']
  await openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    SUBJECT,
    ...isAuthority,
  )
  return {
    file: at('ca.pem'),
    async issue(name) {
      await writeFile(at('ext'), `subjectAltName=DNS:${name}\nbasicConstraints=CA:FALSE\n`)
      await openssl('req', ...NEW_KEY, '-keyout', 'key.pem', '-out', 'request', '-subj', `/CN=${name}`)
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'ext', '-days', '2']
      await openssl('x509', '-req', '-in', 'request', '-out', 'cert.pem', ...by)
      return { key: await readFile(at('key.pem'), 'utf8'), cert: await readFile(at('cert.pem'), 'utf8') }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
