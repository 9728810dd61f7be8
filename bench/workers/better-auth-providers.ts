import { env } from 'cloudflare:workers'
import { sso } from '@better-auth/sso'
import { genericOAuth } from 'better-auth/plugins/generic-oauth'
import { serveBetterAuth } from './serve-better-auth.ts'

// A Worker of its own: with `sso` it is more than twice as large, which is no matter of sessions.
const { ISSUER } = env as unknown as { readonly ISSUER: string }

const signInBy = genericOAuth({
  config: [
    {
      providerId: 'bench',
      discoveryUrl: `${ISSUER}/.well-known/openid-configuration`,
      clientId: 'bench',
      clientSecret: 'bench-client-secret',
      scopes: ['openid', 'email', 'profile'],
      // As Postern does it.
      pkce: true,
      authentication: 'basic',
    },
  ],
})

// Were its origin not trusted, the provider on loopback would be refused as private.
export default serveBetterAuth({ plugins: [signInBy, sso()], trustedOrigins: [ISSUER] })
