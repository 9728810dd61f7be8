import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { listRoutes } from '../../src/app.ts'
import { created, htmlPage } from '../../src/http/answers.ts'
import { admin, anyone } from '../../src/http/guard.ts'
import { declaredAnswers, describeApi, listFailures, templateOf } from '../../src/http/openapi.ts'
import { createRoutes } from '../../src/http/router.ts'
import { defineError } from '../../src/lib/errors.ts'
import { html } from '../../src/lib/html.ts'

interface Operation {
  readonly summary: string
  readonly operationId: string
  readonly security: readonly Record<string, unknown>[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly required: boolean; readonly content: Record<string, unknown> }
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, unknown> }>
}

const document = JSON.parse(JSON.stringify(describeApi(listRoutes())))
const operationAt = (path: string, method: string): Operation | undefined =>
  document.paths[templateOf(path)]?.[method.toLowerCase()]
const shown = listRoutes().filter(({ spec }) => !spec.hidden && !spec.localOnly)

describe('the document of the service', () => {
  it.each(shown.map((route) => [route.method, route.path, route] as const))(
    'has %s %s with its errors',
    (method, path, route) => {
      const operation = operationAt(path, method)
      expect(operation?.summary).toBe(route.spec.summary)
      const responses = operation?.responses ?? {}
      expect(Object.keys(responses).some((status) => /^[123]/.test(status))).toBe(true)
      for (const { message, status } of listFailures(route)) {
        expect(Object.keys(responses)).toContain(String(status))
        const isDeclared = declaredAnswers(route).some((answer) => answer.status === status)
        if (!isDeclared) expect(responses[status]?.description).toContain(message)
      }
      const names = operation?.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name) ?? []
      expect(names.toSorted()).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name).toSorted())
    },
  )

  it('shows what each failure looks like, in the words of the system whose call it is', () => {
    const examplesAt = (path: string, method: string, status: string): Record<string, unknown> =>
      document.paths[path][method].responses[status].content['application/json'].examples
    expect(examplesAt('/api/v1/auth/signin', 'post', '401')).toMatchObject({
      INVALID_CREDENTIALS: { $ref: '#/components/examples/401.INVALID_CREDENTIALS' },
    })
    expect(document.components.examples['401.INVALID_CREDENTIALS'].value).toMatchObject({
      error: { code: 'INVALID_CREDENTIALS' },
      status: 401,
      detail: 'Invalid email or password',
    })
    expect(examplesAt('/users/profile', 'get', '401')).toMatchObject({
      TOKEN_ERROR: { value: { status: 401, detail: 'Could not validate user.' } },
    })
    expect(examplesAt('/auth/register', 'post', '422')).toMatchObject({
      VALIDATION_ERROR: { value: { detail: [{ loc: ['body', 'email'], type: 'value_error' }] } },
    })
    expect(examplesAt('/oauth/token', 'post', '401')).toEqual({
      invalid_client: { value: { error: 'invalid_client', error_description: 'Client authentication failed' } },
    })
    expect(Object.keys(examplesAt('/validate', 'post', '400'))).toEqual(['VALIDATION_ERROR'])
    expect(document.paths['/readiness'].get.responses['503'].content['application/json'].examples).toBeUndefined()
  })

  it('asks for the token where a check reads it itself', () => {
    expect(operationAt('/validate', 'GET')?.security).toEqual([{ bearer: [] }])
    expect(operationAt('/', 'GET')?.operationId).toBe('welcome')
  })

  it("has every path of an aliased route: each is some documented client's", () => {
    for (const path of ['/api/v1/auth/logout', '/api/v1/auth/validate', '/api/v1/oauth/token'])
      expect(operationAt(path, 'post')).toBeDefined()
    expect(operationAt('/api/v1/ws', 'get')).toBeDefined()
  })

  it('has nothing that is hidden or local', () => {
    const hidden = listRoutes().filter(({ spec }) => spec.hidden || spec.localOnly)
    for (const { method, path } of hidden) expect(operationAt(path, method)).toBeUndefined()
    expect(document.paths).not.toHaveProperty('/dev/mailbox')
  })

  it('gives every operation an id of its own, and no two paths that differ in a name alone', () => {
    const paths: [string, Record<string, Operation>][] = Object.entries(document.paths)
    const ids = paths.flatMap(([, item]) => Object.values(item).map(({ operationId }) => operationId))
    expect(new Set(ids).size).toBe(ids.length)
    const shapes = paths.map(([path]) => path.replace(/\{[^}]+\}/g, '{}'))
    expect(new Set(shapes).size).toBe(shapes.length)
  })

  it('refers only to components that it has', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)]
    expect(references.length).toBeGreaterThan(0)
    for (const [, kind = '', name = ''] of references) expect(document.components[kind]).toHaveProperty([name])
  })
})

describe('a described route', () => {
  const taken = defineError('OPENAPI_TEST_TAKEN', 'conflict', 'It is taken')
  const routes = createRoutes({ prefix: '/things', tag: 'things' })
  routes.post(
    '/:id/parts',
    {
      id: 'postThingsByIdParts',
      aliases: [{ path: '/:id/pieces', id: 'postThingsByIdPartsAtThingsPieces' }],
      summary: 'Adds a part',
      guard: admin,
      params: z.object({ id: z.uuid() }),
      query: z.object({ dry: z.stringbool().default(false) }),
      body: z.object({ name: z.string() }),
      encoding: 'json-or-form',
      answer: created(z.object({ id: z.uuid() }), 'Added'),
      errors: [taken],
    },
    () => ({ id: '' }),
  )
  routes.get(
    '/state',
    { id: 'getThingsState', summary: 'State', guard: anyone, unlimited: true, answer: htmlPage },
    () => ({ frame: { language: 'en', app: 'Postern', appUrl: null }, title: 'State', body: html`` }),
  )
  const { paths } = JSON.parse(JSON.stringify(describeApi(routes.list)))
  const add: Operation = paths['/things/{id}/parts'].post

  it('has its parameters, its body in each encoding, its answers and who may call it', () => {
    expect(add.parameters?.map((parameter) => [parameter.in, parameter.name])).toEqual([
      ['path', 'id'],
      ['query', 'dry'],
    ])
    expect(add.requestBody?.required).toBe(true)
    expect(Object.keys(add.requestBody?.content ?? {})).toEqual([
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
    ])
    expect(add.security).toEqual([{ bearer: [] }])
    expect(Object.keys(add.responses)).toEqual([
      '201',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ])
    expect(add.responses['409']?.description).toBe('`OPENAPI_TEST_TAKEN`: It is taken')
    expect(paths).toHaveProperty('/things/{id}/pieces')
  })

  it('that is public and unlimited has no refusals', () => {
    const state: Operation = paths['/things/state'].get
    expect(Object.keys(state.responses)).toEqual(['200', '500', '503'])
    expect(Object.keys(state.responses['200']?.content ?? {})).toEqual(['text/html'])
    expect(state.security).toEqual([])
  })
})
