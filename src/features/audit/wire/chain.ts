import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { integerParam, UuidParam } from '../../../http/input.ts'
import { toIso } from '../../../lib/time.ts'
import { orAbsent } from '../../users/wire.ts'
import { pemOf } from '../rules/signing.ts'
import type { Proof, StoredHead } from '../service/proof.ts'
import type { Verification } from '../service/verify.ts'
import type { Finding, PublicAuditKey } from '../types.ts'

export const HeadWire = z
  .object({
    number: z.int(),
    hash: z.string().meta({ description: 'SHA-256 of `head`, in hex' }),
    head: z.string().meta({ description: 'JSON, exactly as it was signed' }),
    kid: z.string(),
    signature: z.string().meta({ description: 'Ed25519 over `head`, base64url' }),
  })
  .meta({ id: 'AuditHead' })

export const headToWire = ({ number, hash, head, kid, signature }: StoredHead): z.infer<typeof HeadWire> => ({
  number,
  hash,
  head,
  kid,
  signature,
})

export const HeadShape = mapped(HeadWire, headToWire)

export const ReaderQuery = z.object({ organization_id: orAbsent(UuidParam).optional() })

export const HeadsQuery = ReaderQuery.extend({
  since: integerParam(0, Number.MAX_SAFE_INTEGER).default(0).meta({ description: 'The number of the first head' }),
  limit: integerParam(1, 1000).default(100),
})

const HeadListWire = z.object({ blocks: z.array(HeadWire), has_more: z.boolean() }).meta({ id: 'AuditHeadList' })

export const HeadListAnswer = mapped(
  HeadListWire,
  ({ heads, hasMore }: { heads: readonly StoredHead[]; hasMore: boolean }): z.infer<typeof HeadListWire> => ({
    blocks: heads.map(headToWire),
    has_more: hasMore,
  }),
)

export const KeyWire = z
  .object({
    kid: z.string().meta({ description: 'RFC 7638 thumbprint' }),
    alg: z.literal('EdDSA'),
    jwk: z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
    pem: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AuditKey' })

export const keyToWire = (key: PublicAuditKey): z.infer<typeof KeyWire> => ({
  kid: key.kid,
  alg: 'EdDSA',
  jwk: { kty: 'OKP', crv: 'Ed25519', x: key.publicKey },
  pem: pemOf(key),
  created_at: toIso(key.createdAt),
})

const KeyListWire = z.object({ keys: z.array(KeyWire) }).meta({ id: 'AuditKeyList' })

export const KeyListAnswer = mapped(
  KeyListWire,
  (keys: readonly PublicAuditKey[]): z.infer<typeof KeyListWire> => ({ keys: keys.map(keyToWire) }),
)

export const PartWire = z.object({ salt: z.string(), text: z.string() }).meta({ id: 'AuditPart' })

const ProofWire = z
  .object({
    coverage: z.enum(['covered', 'pending', 'before_chain', 'changed']).meta({
      description:
        '`pending` before the next run of cron; `before_chain` for a record that is older than the chain; `changed` for one that is not what its block says',
    }),
    record: z
      .object({
        leaf: z.string().meta({ description: 'The text whose SHA-256 is in the list of the block' }),
        index: z.int().meta({ description: 'Where' }),
        data: PartWire.nullable().meta({ description: 'Null where it was erased, or the caller may not see it' }),
        origin: PartWire.nullable(),
      })
      .nullable(),
    block: HeadWire.extend({
      leaves: z.string().nullable().meta({ description: 'base64 of the hashes of its records, 32 bytes each' }),
    })
      .meta({ id: 'AuditBlock' })
      .nullable(),
    keys: z.array(KeyWire),
  })
  .meta({ id: 'AuditProof' })

export const ProofShape = mapped(
  ProofWire,
  ({ coverage, record, block, keys }: Proof): z.infer<typeof ProofWire> => ({
    coverage,
    record: record && { leaf: record.leaf, index: record.index, data: record.data, origin: record.origin },
    block: block && { ...headToWire(block), leaves: block.leaves },
    keys: keys.map(keyToWire),
  }),
)

export const VerifyBody = z
  .object({ from: z.int().min(0).nullish().meta({ description: 'The number of the first block' }) })
  .meta({ id: 'AuditVerification' })

const FindingWire = z
  .object({
    kind: z.string(),
    block: z.int(),
    log_id: z.string().nullable(),
    index: z.int().nullable(),
    part: z.enum(['data', 'origin']).nullable(),
  })
  .meta({ id: 'AuditFinding' })

const findingToWire = ({ kind, block, id, index, part }: Finding): z.infer<typeof FindingWire> => ({
  kind,
  block,
  log_id: id ?? null,
  index: index ?? null,
  part: part ?? null,
})

/** More of them say no more. */
const FINDINGS_SHOWN = 1000

const VerifiedWire = z
  .object({
    valid: z.boolean(),
    findings: z.array(FindingWire),
    records: z.int(),
    from: z.int(),
    to: z.int(),
    next: z.int().nullable().meta({ description: '`from` of the next call; null at the newest block' }),
    restored: z.array(z.object({ block: z.int(), number: z.int(), hash: z.string() })).meta({
      description: 'Heads that were lost with a restore of the database, and the blocks that say so',
    }),
  })
  .meta({ id: 'AuditVerified' })

export const VerifiedShape = mapped(
  VerifiedWire,
  ({ findings, restored, ...rest }: Verification): z.infer<typeof VerifiedWire> => ({
    ...rest,
    valid: findings.length === 0,
    findings: findings.slice(0, FINDINGS_SHOWN).map(findingToWire),
    restored: [...restored],
  }),
)
