import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { run } from './command.ts'

/** Programs that tests drive; each is a Debian package of the same name. */
const PROGRAMS = ['chromium', 'nginx', 'caddy', 'haproxy', 'oathtool'] as const

/** Debian packages without a program, and a file by which each is known. */
const FILES: Readonly<Record<string, string>> = {
  'libnginx-mod-http-headers-more-filter': '/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so',
}

const POLICY = '/usr/sbin/policy-rc.d'

/** The full path of a program; daemons stand outside an ordinary user's PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
}

/** Whether this Debian package, or the program of its name, is on this machine. */
export function isInstalled(name: string): boolean {
  const file = FILES[name]
  return file === undefined ? findProgram(name) !== undefined : existsSync(file)
}

const missingPackages = (): string[] => [...PROGRAMS, ...Object.keys(FILES)].filter((name) => !isInstalled(name))

/** Installs without starting the daemons that come along (policy-rc.d is Debian's way to say so). */
async function install(packages: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const foreignPolicy = existsSync(POLICY)
  if (!foreignPolicy) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await run('apt-get', ['update', '--quiet=2'], { env })
    await run('apt-get', ['install', '--yes', '--quiet=2', '--no-install-recommends', ...packages], { env })
  } finally {
    if (!foreignPolicy) await rm(POLICY, { force: true })
  }
}

/** Puts the programs that tests need on this machine, where that is possible, and tells which are missing. */
export async function provideSystemPrograms(): Promise<void> {
  const missing = missingPackages()
  if (missing.length === 0) return
  const mayInstall = process.getuid?.() === 0 && findProgram('apt-get') !== undefined
  if (mayInstall) {
    console.log(`Installing ${missing.join(', ')}`)
    await install(missing)
  }
  const reason = mayInstall ? 'apt-get did not install it' : 'not installed, and only root with apt-get may'
  for (const name of missingPackages()) console.log(`${name} is missing (${reason}): its tests are skipped`)
}
