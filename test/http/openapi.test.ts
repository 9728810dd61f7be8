import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { listApis, listRoutes } from '../../src/app.ts'
import { created, htmlPage } from '../../src/http/answers.ts'
import { listFailures } from '../../src/http/failures.ts'
import { admin, anyone } from '../../src/http/guard.ts'
import { describeApi, templateOf } from '../../src/http/openapi.ts'
import { createRoutes, type Route } from '../../src/http/router.ts'
import { TAGS, type Tag } from '../../src/http/vocabulary.ts'
import { defineError } from '../../src/lib/errors.ts'

interface Content {
  readonly schema: { readonly $ref?: string; readonly allOf?: readonly { readonly properties?: object }[] }
  readonly examples?: Record<string, unknown>
}

interface Answered {
  readonly description: string
  readonly content?: Record<string, Content>
}

interface Operation {
  readonly summary: string
  readonly description: string
  readonly operationId: string
  readonly deprecated?: boolean
  readonly security: readonly Record<string, unknown>[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
  }[]
  readonly requestBody?: { readonly required: boolean; readonly content: Record<string, Content> }
  readonly responses: Record<string, Answered | { readonly $ref: string }>
}

// biome-ignore lint/suspicious/noExplicitAny: a document is data.
type Document = any
const described = listApis().map((api) => ({
  ...api,
  document: JSON.parse(JSON.stringify(describeApi(api))) as Document,
}))
const documentAt = (path: string) => described.find((api) => api.path === path)?.document
const native = documentAt('/openapi.json')

/** What a part of the document refers to, or the part itself. */
const atReference = <T extends object>(
  document: Document,
  part: T | { readonly $ref: string } | undefined,
): T | undefined =>
  part && '$ref' in part
    ? part.$ref
        .split('/')
        .slice(1)
        .reduce((node: Document, key) => node[key], document)
    : part
const isShown = ({ spec }: Route): boolean => !spec.hidden && !spec.localOnly

describe.each(described)('$path', ({ routes, document }) => {
  const operationAt = (path: string, method: string): Operation | undefined =>
    document.paths[templateOf(path)]?.[method.toLowerCase()]
  const answerAt = (operation: Operation | undefined, status: number | string) =>
    atReference<Answered>(document, operation?.responses[status])

  it.each(routes.filter(isShown).map((route) => [route.method, route.path, route] as const))(
    'has %s %s with its errors',
    (method, path, route) => {
      const operation = operationAt(path, method)
      expect(operation?.summary).toBe(route.spec.summary)
      const responses = operation?.responses ?? {}
      expect(operation?.description).toMatch(/\.$/)
      expect(Object.keys(responses).some((status) => /^[123]/.test(status))).toBe(true)
      for (const { message, status } of listFailures(route)) {
        expect(Object.keys(responses)).toContain(String(status))
        const isDeclared = route.spec.answers.some((answer) => answer.status === status)
        if (!isDeclared) expect(answerAt(operation, status)?.description).toContain(message)
      }
      const names = operation?.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name) ?? []
      expect(names.toSorted()).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name).toSorted())
    },
  )

  it.each(routes.filter(isShown).map((route) => [route.method, route.path, route] as const))(
    'refers for the failures of %s %s to the answer with their codes',
    (method, path, route) => {
      const operation = operationAt(path, method)
      const own = route.spec.answers.map(({ status }) => status)
      for (const [status, failures] of Map.groupBy(listFailures(route), (failure) => failure.status)) {
        if (own.includes(status)) continue
        expect(operation?.responses[status]).toEqual({ $ref: expect.stringContaining('#/components/responses/') })
        const { contentType, answer } = route.renderError
        const content = answerAt(operation, status)?.content?.[contentType ?? 'application/json']
        const codes = [...new Set(failures.map(({ code }) => code))].sort()
        expect(Object.keys(content?.examples ?? {}).sort()).toEqual(codes)
        // Another form of error has no code.
        if (contentType) continue
        const properties = content?.schema.allOf?.map((part) => part.properties)
        const key = answer ? 'error' : 'code'
        expect(properties).toContainEqual({ [key]: { type: 'string', enum: codes } })
      }
    },
  )

  it('names every body and every answer, each for one thing', () => {
    const operations = Object.values<Record<string, Operation>>(document.paths).flatMap((item) => Object.values(item))
    const answers = operations.flatMap(({ responses }) => Object.entries(responses).filter(([status]) => status < '4'))
    const contents = [
      ...operations.flatMap(({ requestBody }) => Object.entries(requestBody?.content ?? {})),
      ...answers.flatMap(([, answer]) => Object.entries(('content' in answer && answer.content) || {})),
    ]
    const isText = (type: string) => /^text\/(html|csv)$|^application\/xml$|^image\/|nd?json(l|$)|jsonl/.test(type)
    for (const [type, { schema }] of contents)
      if (!isText(type))
        expect([type, schema]).toEqual([type, { $ref: expect.stringMatching(/^#\/components\/schemas\/\w+$/) }])
    // A name that is made of an operation's would mislead at an operation that is no alias of it.
    const users = new Map<unknown, Set<string>>()
    for (const { spec } of routes.filter(isShown))
      for (const schema of [
        typeof spec.encoding === 'object' ? undefined : spec.body,
        ...spec.answers.map((answer) => answer.schema),
      ])
        if (schema && !schema.meta()?.id)
          users.set(schema, (users.get(schema) ?? new Set()).add(spec.instead ?? spec.id))
    const shared = [...users.values()].filter((ids) => ids.size > 1).map((ids) => [...ids])
    expect(shared).toEqual([])
  })

  it('describes every parameter', () => {
    const parameters = Object.values<Record<string, Operation>>(document.paths)
      .flatMap((item) => Object.values(item))
      .flatMap(({ operationId, parameters = [] }) => parameters.map((parameter) => ({ operationId, ...parameter })))
    expect(parameters.filter(({ description }) => !description)).toEqual([])
  })

  it('has nothing that is hidden or local', () => {
    for (const { method, path } of routes.filter((route) => !isShown(route)))
      expect(operationAt(path, method)).toBeUndefined()
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

  it('describes the tags that it uses, in the order in which an application meets them', () => {
    const used = new Set(routes.filter(isShown).map(({ tag }) => tag))
    expect(document.tags.map(({ name }: { name: string }) => name)).toEqual(
      Object.keys(TAGS).filter((name) => used.has(name as Tag)),
    )
    for (const { description } of document.tags) expect(description).toMatch(/\w/)
  })
})

const binary = 'AAAA'

/** Of fields that are no free text. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  status: 'active',
  is_active: true,
  is_admin: true,
  email_verified: true,
  credential: {
    id: binary,
    type: 'public-key',
    response: { clientDataJSON: binary, authenticatorData: binary, signature: binary },
  },
}

/**
 * Bodies with groups of fields of which one is wanted. What is enough for a step-up its service decides; a token beside no new
 * password is not enough for a reset.
 */
const wantingOneOfEach = listRoutes([]).flatMap(({ spec: { id, body } }) => {
  const name = body?.meta()?.id ?? `${id.charAt(0).toUpperCase()}${id.slice(1)}Request`
  const schema = native.components.schemas[name]
  if (!body || !schema?.allOf || ['stepUp', 'resetOrRequestPassword'].includes(id)) return []
  return [[id, body, schema] as const]
})

describe('the documents', () => {
  it('have every route that is not hidden', () => {
    const inDocuments = described.flatMap(({ routes }) => routes.map(({ method, path }) => `${method} ${path}`))
    const all = listRoutes().map(({ method, path }) => `${method} ${path}`)
    expect(new Set(inDocuments)).toEqual(new Set(all))
  })

  it('show what each failure looks like, in the words of the system whose call it is', () => {
    const examplesAt = (path: string, method: string, status: string, document = native) =>
      atReference<Answered>(document, document.paths[path][method].responses[status])?.content?.['application/json']
        ?.examples
    expect(examplesAt('/api/v1/auth/signin', 'post', '401')).toMatchObject({
      INVALID_CREDENTIALS: { $ref: '#/components/examples/401.INVALID_CREDENTIALS' },
    })
    expect(native.components.examples['401.INVALID_CREDENTIALS'].value).toMatchObject({
      error: { code: 'INVALID_CREDENTIALS' },
      status: 401,
      detail: 'Invalid email or password',
    })
    expect(examplesAt('/users/profile', 'get', '401', documentAt('/openapi/janux.json'))).toMatchObject({
      TOKEN_ERROR: { value: { status: 401, detail: 'Could not validate user.' } },
    })
    expect(examplesAt('/auth/register', 'post', '422', documentAt('/openapi/auth-service.json'))).toMatchObject({
      VALIDATION_ERROR: { value: { detail: [{ loc: ['body', 'email'], type: 'value_error' }] } },
    })
    expect(examplesAt('/oauth/token', 'post', '401')).toEqual({
      invalid_client: { value: { error: 'invalid_client', error_description: 'Client authentication failed' } },
    })
    expect(Object.keys(examplesAt('/validate', 'post', '400') ?? {})).toEqual(['VALIDATION_ERROR'])
    expect(examplesAt('/readiness', 'get', '503')).toBeUndefined()
  })

  it('ask for the token where a check reads it itself', () => {
    expect(native.paths['/validate'].get.security).toEqual([{ bearer: [] }])
    expect(documentAt('/openapi/janux.json').paths['/'].get.operationId).toBe('getWelcome')
  })

  it('say whom an operation admits, what it counts against and which headers it reads', () => {
    expect(native.paths['/api/v1/admin/users/{id}/notifications'].post.description).toBe(
      'Needs the access token of an admin. A session that has ended is refused at once. Counts against what a user may write in an hour.',
    )
    expect(native.paths['/api/v1/websocket/ticket'].post.description).toContain('the scope `events:read`')
    for (const [document, path] of [
      [native, '/api/v1/auth/refresh'],
      [documentAt('/openapi/auth-service.json'), '/auth/token-refresh'],
    ] as const)
      expect(document.paths[path].post.parameters).toMatchObject([{ in: 'header', name: 'Idempotency-Key' }])
  })

  it('want one field at least of those that have the same meaning, as the service does', () => {
    const bodies = native.components.schemas
    const groupsOf = (schema: Document): string[][] =>
      schema.allOf.map((group: Document) => group.anyOf.map(({ required }: Document) => required[0]))
    expect(groupsOf(bodies.SignInRequest)).toEqual([['email', 'username']])
    expect(bodies.SignInRequest.allOf[0].anyOf[0].properties.email).toEqual({
      type: 'string',
      minLength: 1,
      maxLength: 254,
    })
    expect(groupsOf(bodies.RefreshTokensRequest)).toEqual([['refresh_token', 'refreshToken']])
    expect(groupsOf(bodies.StepUpRequest)).toEqual([['password', 'code', 'credential']])
  })

  it.each(wantingOneOfEach)(
    'have a body of %s that wants one field at least of each group, as the service does',
    (id, body, schema) => {
      const groups: string[][] = schema.allOf.map((group: Document) =>
        group.anyOf.map((one: Document) => one.required[0]),
      )
      const bodyOf = (names: readonly string[]) =>
        Object.fromEntries(
          [...(schema.required ?? []), ...names].map((name: string) => [name, SAMPLES[name] ?? 'Sample-of-a-field-1']),
        )
      const isTaken = (names: readonly string[]) => [id, names, body.safeParse(bodyOf(names)).success]
      const first = groups.map(([name = '']) => name)
      for (const [index, group] of groups.entries()) {
        const without = first.toSpliced(index, 1)
        expect(isTaken(without)).toEqual([id, without, false])
        for (const name of group) expect(isTaken(first.with(index, name))).toEqual([id, first.with(index, name), true])
      }
    },
  )

  it('tell the answers of sign-up and sign-in apart by two booleans', () => {
    const { SignUpAnswer, SignInAnswer, ...schemas } = native.components.schemas
    const flagsOf = (answer: Document) =>
      answer.anyOf.map(({ $ref }: Document) => {
        const { properties, required } = schemas[$ref.split('/').at(-1)]
        expect(required).toEqual(expect.arrayContaining(['mfa_required', 'email_verification_required']))
        return [properties.mfa_required.const, properties.email_verification_required.const]
      })
    expect(flagsOf(SignInAnswer)).toEqual([
      [false, false],
      [true, false],
    ])
    expect(flagsOf(SignUpAnswer)).toEqual([
      [false, false],
      [false, true],
    ])
  })

  it('close no answer: one may have fields that a client does not know yet', () => {
    const closed = described.flatMap(({ document }) => {
      const schemas: Record<string, unknown> = { ...document.components.schemas, ...document.paths }
      return Object.keys(schemas).filter((name) =>
        JSON.stringify(schemas[name]).includes('"additionalProperties":false'),
      )
    })
    expect(closed).toEqual([])
  })

  it("say of every alias what to call instead, but for a system's own clients", () => {
    const aliases = [
      ['/api/v1/auth/logout', 'Use `signOut` instead: `POST /api/v1/auth/signout`.'],
      ['/api/v1/auth/login', 'Use `signIn` instead: `POST /api/v1/auth/signin`.'],
      ['/api/v1/auth/validate', 'Use `validateToken` instead: `POST /validate`.'],
    ] as const
    for (const [path, description] of aliases)
      expect(native.paths[path].post).toMatchObject({
        deprecated: true,
        description: expect.stringContaining(description),
      })
    expect(native.paths['/api/v1/auth/signin'].post).not.toHaveProperty('deprecated')
    expect(documentAt('/openapi/gateway-auth.json').paths['/api/v1/auth/login'].post).not.toHaveProperty('deprecated')
  })

  it('name for what is deprecated an operation that is not', () => {
    for (const { routes } of described)
      for (const { spec } of routes.filter((route) => isShown(route) && route.spec.instead)) {
        const found = routes.find((route) => route.spec.id === spec.instead)
        expect([spec.id, found && isShown(found), found?.spec.instead]).toEqual([spec.id, true, undefined])
      }
  })
})

describe('a described route', () => {
  const taken = defineError('OPENAPI_TEST_TAKEN', 'conflict', 'It is taken')
  const routes = createRoutes({ prefix: '/things', tag: 'health' })
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
    () => ({
      frame: {
        language: 'en',
        dir: 'ltr' as const,
        app: 'Postern',
        appUrl: null,
        brand: { color: null, logoUrl: null },
        support: null,
      },
      title: 'State',
      body: null,
    }),
  )
  const { paths, components } = JSON.parse(
    JSON.stringify(describeApi({ title: 'Things', description: '', routes: routes.list })),
  )
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
    expect(add.responses['409']).toEqual({ $ref: '#/components/responses/409.OPENAPI_TEST_TAKEN' })
    expect(components.responses['409.OPENAPI_TEST_TAKEN']).toMatchObject({
      description: '`OPENAPI_TEST_TAKEN`: It is taken',
      content: { 'application/json': { schema: { allOf: [{ $ref: '#/components/schemas/ApiError' }, {}] } } },
    })
    const contents = Object.values(add.requestBody?.content ?? {})
    expect(contents.map(({ schema }) => schema.$ref)).toEqual(
      contents.map(() => '#/components/schemas/PostThingsByIdPartsRequest'),
    )
    expect(paths).toHaveProperty('/things/{id}/pieces')
  })

  it('that is public and unlimited has no refusals', () => {
    const state: Operation = paths['/things/state'].get
    expect(Object.keys(state.responses)).toEqual(['200', '500', '503'])
    expect(state.responses['200']).toMatchObject({ content: { 'text/html': {} } })
    expect(state.security).toEqual([])
  })
})
