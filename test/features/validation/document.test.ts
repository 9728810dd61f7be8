import { expect, it } from 'vitest'
import { validationRoutes } from '../../../src/features/validation/routes.ts'
import { describeApi } from '../../../src/http/openapi.ts'

const { paths } = JSON.parse(JSON.stringify(describeApi({ title: '', description: '', routes: validationRoutes.list })))

it('the OpenAPI document has the errors of a check: 403 for malformed conditions, 400 for a malformed body', () => {
  const check: Record<string, unknown> = paths['/validate'].get
  expect(Object.keys(check.responses ?? {})).toEqual(['200', '401', '403', '429', '500', '503'])
  expect(JSON.stringify(check.parameters)).toContain('permission')
  for (const path of ['/validate', '/api/v1/auth/validate'])
    expect(paths[path].post.responses).not.toHaveProperty('422')
})
