import * as z from 'zod'

/** The object schema of parameters, before its transformations. */
export function objectOf(schema: z.ZodType): z.ZodObject {
  let inner: unknown = schema
  while (inner instanceof z.ZodPipe) inner = inner.in
  if (inner instanceof z.ZodObject) return inner
  throw new TypeError('parameters are described by an object schema')
}

interface DescribedObject {
  readonly properties?: Record<string, z.core.JSONSchema.BaseSchema | boolean>
  allOf?: unknown[]
}

/** A field as it is when it is the one that is given: neither null nor empty. */
function givenField(field: z.core.JSONSchema.BaseSchema | boolean | undefined): z.core.JSONSchema.BaseSchema {
  if (typeof field !== 'object') return {}
  const { anyOf = [], ...rest } = field
  const [only] = anyOf.filter((choice) => typeof choice === 'object' && choice.type !== 'null')
  const given = { ...rest, ...(typeof only === 'object' ? only : {}) }
  // A list of types is one and null.
  const [type] = Array.isArray(given.type) ? given.type : [given.type]
  if (type !== undefined) given.type = type
  return given.type === 'string' ? { minLength: 1, ...given } : given
}

/**
 * Metadata of a body of which each group has one field at least: the refinement that says so is code, which the OpenAPI
 * document cannot show.
 */
export const oneOfEach = (...groups: readonly (readonly string[])[]) => ({
  override: ({ jsonSchema }: { jsonSchema: object }) => {
    const described = jsonSchema as DescribedObject
    const choiceOf = (name: string) => ({
      type: 'object',
      properties: { [name]: givenField(described.properties?.[name]) },
      required: [name],
    })
    described.allOf = groups.map((names) => ({ anyOf: names.map(choiceOf) }))
  },
})

/** Of the refresh of every system, as the OpenAPI documents have it; the use case refuses a malformed key. */
export const REPEATED_REFRESH = {
  description:
    'A repeat is answered the same for 10 seconds, and with the same `Idempotency-Key` while the new access token lives. A refresh token that comes back later ends its session.',
  headers: z.object({
    'Idempotency-Key': z.string().min(1).max(255).optional().meta({
      description: 'Chosen by the client for one refresh; every repeat of it has the same',
    }),
  }),
}
