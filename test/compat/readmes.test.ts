import { expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import authService from '../../src/compat/auth-service/README.md?raw'
import gatewayAuth from '../../src/compat/gateway-auth/README.md?raw'
import janux from '../../src/compat/janux/README.md?raw'
import usersApi from '../../src/compat/users-api/README.md?raw'
import { templateOf } from '../../src/http/openapi.ts'

it.each([
  ['janux', '', janux],
  ['auth-service', '', authService],
  ['users-api', '/api/v1', usersApi],
  ['gateway-auth', '/api/v1/auth', gatewayAuth],
])('the mapping of %s has each of its calls', (system, base, readme) => {
  // A cell names the method once for several paths.
  const cells = readme.split('\n').map((line) => line.split('|')[1] ?? '')
  const isNamed = (method: string, path: string) =>
    cells.some((cell) => cell.includes(method) && new RegExp(`[ \`]${RegExp.escape(path)}[\`?]`).test(cell))
  const calls = listRoutes().filter(({ systems }) => systems.includes(system))
  const missing = calls.filter(({ method, path }) => !isNamed(method, templateOf(path).replace(base, '')))
  expect(missing.map(({ method, path }) => `${method} ${path}`)).toEqual([])
})
