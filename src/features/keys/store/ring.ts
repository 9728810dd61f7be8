import type { EarlyCtx } from '../../../context.ts'
import type { SigningKeyRow } from '../tables.ts'

type RingRow = Omit<SigningKeyRow, 'publicJwk'> & { readonly publicJwk: string }

/** The whole ring: a handful of rows. The first check of an isolate reads it, before drizzle is loaded. */
export async function listSigningKeys({ openDatabase }: Pick<EarlyCtx, 'openDatabase'>): Promise<SigningKeyRow[]> {
  const { results } = await openDatabase()
    .prepare(
      `select kid, alg, public_jwk as publicJwk, private_sealed as privateSealed, created_at as createdAt,
         signs_from as signsFrom, published_until as publishedUntil, revoked_at as revokedAt
       from signing_keys`,
    )
    .all<RingRow>()
  return results.map((row) => ({ ...row, publicJwk: JSON.parse(row.publicJwk) as Record<string, unknown> }))
}
