import * as z from 'zod'
import { type SignedIn, signInOrThrow, signInOrThrowErrors } from '../features/sign-in/service/sign-in.ts'
import { ok } from '../http/answers.ts'
import { anyone } from '../http/guard.ts'
import { createRoutes, type Routes } from '../http/router.ts'
import { createFastApiRenderer } from './fastapi.ts'
import { IdentifierField, PasswordField } from './fields.ts'

// JANUX and auth-service share the welcome, and the sign-in that answers an OAuth2 password grant.

/** FastAPI treats an empty field of a form as missing. */
const filledIn = <S extends z.ZodType>(schema: S) => z.preprocess((value) => (value === '' ? undefined : value), schema)

/** RFC 6749 4.3.2, as in FastAPI: `username` may be an email; scope and client fields are accepted and ignored. */
const TokenLoginBody = z
  .object({
    username: filledIn(IdentifierField.meta({ description: 'An email or a username' })),
    password: filledIn(PasswordField),
    grant_type: filledIn(
      z
        .string()
        .regex(/^password$/, 'must match ^password$')
        .nullish(),
    ),
    scope: z.string().nullish(),
    client_id: z.string().nullish(),
    client_secret: z.string().nullish(),
  })
  .meta({ id: 'TokenLogin' })

const TokenLoginAnswer = z
  .object({
    access_token: z.string(),
    token_type: z.literal('bearer'),
    refresh_token: z.string(),
    session_token: z.string().meta({ description: 'Identifies the session; not a credential' }),
  })
  .meta({ id: 'TokenLoginAnswer' })

const signedInToWire = ({ opened: { session, tokens } }: SignedIn): z.infer<typeof TokenLoginAnswer> => ({
  access_token: tokens.accessToken,
  token_type: 'bearer',
  refresh_token: tokens.refreshToken,
  session_token: session.id,
})

const renderWelcomeError = createFastApiRenderer(() => ({}))

/** Clients of these systems know one answer for locks and rate limits. */
const renderLoginError = createFastApiRenderer(({ code }) =>
  code === 'ACCOUNT_LOCKED' || code === 'RATE_LIMIT_EXCEEDED'
    ? { status: 429, message: 'Too many login attempts. Please try again later.' }
    : {},
)

export const welcomeRoutes = createRoutes({ prefix: '', tag: 'docs', renderError: renderWelcomeError })

welcomeRoutes.get(
  '/',
  {
    id: 'getWelcome',
    summary: 'Welcome',
    guard: anyone,
    answer: ok(z.object({ message: z.string() }), 'A greeting'),
  },
  () => ({ message: 'Welcome to the JANUX Authentication Gateway!' }),
)

function declareLogin(path: string, id: string): Routes {
  const routes = createRoutes({ prefix: '', tag: 'auth', renderError: renderLoginError })
  routes.post(
    path,
    {
      id,
      summary: 'Sign in with an email or a username, in the form of an OAuth2 password grant',
      guard: anyone,
      body: TokenLoginBody,
      encoding: 'json-or-form',
      answer: ok(TokenLoginAnswer, 'A session'),
      errors: signInOrThrowErrors,
    },
    async ({ ctx, body }) => {
      const input = { identifier: body.username, password: body.password }
      return signedInToWire(await signInOrThrow(ctx, input))
    },
  )
  return routes
}

export const loginRoutes = declareLogin('/auth/login', 'signInWithForm')

/** auth-service's documented token URL: the same sign-in. */
export const tokenRoutes = declareLogin('/token', 'signInForToken')
