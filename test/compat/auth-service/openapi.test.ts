import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { answerOf, app, call } from '../support/requests.ts'
import { CALLS } from './support.ts'

interface Operation {
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly schema: { readonly type: string }
  }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly $ref?: string } }> }
  readonly responses: Record<string, Answered & { readonly $ref?: string }>
}

interface Schema {
  readonly $ref?: string
  readonly allOf?: readonly { readonly $ref?: string }[]
}

interface Answered {
  readonly content?: Record<string, { readonly schema: Schema }>
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: {
    readonly responses: Record<string, Answered>
    readonly schemas: Record<
      string,
      { readonly properties: Record<string, unknown>; readonly required?: readonly string[] }
    >
  }
}

const documentOf = async (one = app): Promise<Document> => (await one.fetch('/openapi/auth-service.json')).json()
const refTo = (name: string) => `#/components/schemas/AuthService${name}`

describe('the OpenAPI document', () => {
  it.each(CALLS.map((one) => [one.method, one.path, one] as const))(
    'has %s %s as documented',
    async (method, path, one) => {
      const operation = (await documentOf()).paths[path]?.[method.toLowerCase()]
      expect(operation).toBeDefined()
      const { components } = await documentOf()
      const schemaOf = (status: string) => {
        const answer = operation?.responses[status]
        const [kind, name] = answer?.$ref?.split('/').slice(2) ?? []
        const { schema } = (kind && name ? components.responses[name] : answer)?.content?.['application/json'] ?? {}
        return schema?.allOf?.[0] ?? schema
      }
      if (one.request) expect(operation?.requestBody?.content['application/json']?.schema.$ref).toBe(refTo(one.request))
      if (one.answer) expect(schemaOf('200')?.$ref).toBe(refTo(one.answer))
      if (one.validates) expect(schemaOf('422')?.$ref).toBe(refTo('HTTPValidationError'))
      const integers =
        operation?.parameters?.filter(({ in: place, name }) => place === 'path' && name.endsWith('_id')) ?? []
      expect(integers.map(({ schema }) => schema.type)).toEqual(integers.map(() => 'integer'))
    },
  )

  it('has integers where a URL has their digits, and says what a page is without them', async () => {
    const { paths } = await documentOf()
    expect(paths['/admin/users']?.get?.parameters?.map(({ name, schema }) => [name, schema])).toMatchObject([
      ['skip', { type: 'integer', default: 0, minimum: 0, maximum: 1_000_000_000 }],
      ['limit', { type: 'integer', default: 100, minimum: 1, maximum: 1000 }],
    ])
  })

  it('shows what is shared with other systems under this one too', async () => {
    const { paths } = await documentOf()
    for (const [path, method] of [
      ['/', 'get'],
      ['/auth/login', 'post'],
      ['/token', 'post'],
    ] as const)
      expect(paths[path]?.[method]).toBeDefined()
  })

  it('names the fields of every schema', async () => {
    const { schemas } = (await documentOf()).components
    const fieldsOf = (name: string) => Object.keys(schemas[`AuthService${name}`]?.properties ?? {}).sort()
    expect(fieldsOf('UserCreate')).toEqual(['email', 'password', 'preferences', 'profile_picture', 'username'])
    expect(fieldsOf('UserUpdate')).toEqual(['code', 'current_password', 'email', 'password', 'role', 'username'])
    expect(fieldsOf('Token')).toEqual(['access_token', 'refresh_token', 'session_token', 'token_type'])
    expect(fieldsOf('SessionResponse')).toEqual(['created_at', 'expires_at', 'id', 'session_token', 'user_id'])
    expect(fieldsOf('AdminCreate')).toEqual(['email', 'password', 'secret_key', 'username'])
    expect(fieldsOf('VendorCreate')).toEqual([
      'description',
      'email',
      'name',
      'password',
      'preferences',
      'profile_picture',
      'rating',
    ])
    expect(fieldsOf('VendorResponse')).toEqual(['description', 'id', 'name', 'rating'])
  })
})

describe('a deployment without the surface', () => {
  const without = createTestApp({ env: { COMPAT: 'janux,users-api,gateway-auth' } })

  it('has none of it, in routes or document, but what JANUX shares', async () => {
    expect((await without.fetch('/openapi/auth-service.json')).status).toBe(404)
    for (const { method, path } of CALLS) {
      expect([path, (await call(method, path, { app: without })).status]).toEqual([path, 404])
    }
    expect((await call('POST', '/token', { app: without, form: {} })).status).toBe(404)
    expect((await answerOf(call('POST', '/auth/login', { app: without, form: {} })))[0]).toBe(422)
  })
})
