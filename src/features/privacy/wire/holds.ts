import * as z from 'zod'
import { instant, instantOrNull, shape } from '../../../http/answers.ts'
import { UuidParam } from '../../../http/input.ts'
import { RangeQuery } from '../../../http/list.ts'
import { StepUpBody, toStepUp } from '../../sign-in/wire/session.ts'
import { isProse } from '../../users/service/users.ts'
import type { NewHold } from '../service/holds.ts'
import type { Hold } from '../types.ts'

export const HoldBody = z
  .object({
    user_id: UuidParam.nullish(),
    organization_id: UuidParam.nullish(),
    reason: z.string().trim().min(1).max(2000).refine(isProse, 'must be text'),
    ...StepUpBody.shape,
  })
  .refine(({ user_id, organization_id }) => (user_id == null) !== (organization_id == null), {
    path: ['user_id'],
    message: 'is needed, or organization_id',
  })
  .meta({ id: 'NewLegalHold' })

export function toHold({ user_id, organization_id, reason, ...given }: z.output<typeof HoldBody>): NewHold {
  const of = user_id == null ? { organizationId: organization_id ?? '' } : { userId: user_id }
  return { of, reason, given: toStepUp(given) }
}

export const HoldsQuery = RangeQuery.extend({
  active: z.stringbool().default(true).meta({ description: 'Without those that were released' }),
})

export const HoldShape = shape<Hold>()('LegalHold', {
  id: z.uuid(),
  user_id: z.uuid().nullable(),
  organization_id: z.uuid().nullable(),
  reason: z.string(),
  placed_by: z.uuid().nullable(),
  placed_at: instant,
  released_by: z.uuid().nullable(),
  released_at: instantOrNull,
})
