import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { SETTING_NAMES } from '../../src/config.ts'
import { ADMIN, PROJECT_ROOT } from './support/checkout.ts'
import { start } from './support/process.ts'

const README = await readFile(join(PROJECT_ROOT, 'README.md'), 'utf8')

describe('README', () => {
  it('has a tour that works when pasted', { timeout: 90_000 }, async () => {
    const blocks = [...README.matchAll(/^```sh tour\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
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
  })

  it('has exactly two lines that set everything up', () => {
    const [, block = ''] = /^## Quick start\n[\s\S]*?^```\n([\s\S]*?)^```$/m.exec(README) ?? []
    const commands = block
      .trim()
      .split('\n')
      .map((line) => line.replace(/ *#.*/, ''))
    expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test'])
  })

  it('names every setting once, and no other', () => {
    const [, table = ''] = /^\| Setting \|.*\n\|---.*\n((?:\|.*\n)+)/m.exec(README) ?? []
    const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name)
    expect(named.toSorted()).toEqual(SETTING_NAMES.toSorted())
  })

  it('links only to files that are there', async () => {
    const targets = [...README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target = '']) => target)
    await Promise.all(targets.map((target) => access(join(PROJECT_ROOT, target))))
  })
})
