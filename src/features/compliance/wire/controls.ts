import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { toIsoOrNull } from '../../../lib/time.ts'
import { orAbsent } from '../../users/wire.ts'
import { controlsOf } from '../rules/assessment.ts'
import type { Framework } from '../rules/frameworks.ts'
import type { ControlState } from '../service/assessment.ts'
import { CONTROL_STATUSES, type ControlStatus, FRAMEWORK_IDS, type FrameworkId } from '../types.ts'

export const FrameworkField = z.enum(FRAMEWORK_IDS)

export const ControlsQuery = z.object({
  framework: orAbsent(FrameworkField).optional(),
  status: orAbsent(z.enum(CONTROL_STATUSES)).optional(),
})

const FrameworkWire = z
  .object({
    id: FrameworkField,
    name: z.string(),
    description: z.string(),
    controls_count: z.int(),
    enabled: z.literal(true),
  })
  .meta({ id: 'ComplianceFramework' })

export const FrameworkList = mapped(
  z.object({ frameworks: z.array(FrameworkWire), total: z.int() }).meta({ id: 'ComplianceFrameworkList' }),
  (frameworks: readonly Framework[]) => ({
    frameworks: frameworks.map(({ id, name, description }) => ({
      id,
      name,
      description,
      controls_count: controlsOf(id).length,
      enabled: true as const,
    })),
    total: frameworks.length,
  }),
)

export const ControlWire = z
  .object({
    id: z.string(),
    control_id: z.string(),
    control_name: z.string(),
    compliance_framework: FrameworkField.meta({ description: 'That was asked for, else the first that it serves' }),
    control_family: z.string(),
    description: z.string().meta({ description: 'What must hold, or who else shows it' }),
    implementation_status: z.enum(['implemented', 'not_implemented', 'not_tested']),
    status: z.enum(CONTROL_STATUSES),
    effectiveness_rating: z.enum(['effective', 'ineffective']).nullable(),
    last_assessed: z.iso.datetime().nullable(),
    value: z.number().nullable(),
    threshold: z.string().nullable(),
    reason: z.string().nullable().meta({ description: 'Why it was not tested' }),
    serves: z.partialRecord(FrameworkField, z.array(z.string())).meta({ description: 'Clauses, by framework' }),
  })
  .meta({ id: 'ComplianceControl' })

const IMPLEMENTED = { pass: 'implemented', fail: 'not_implemented', not_tested: 'not_tested' } as const
const RATING = { pass: 'effective', fail: 'ineffective', not_tested: null } as const satisfies Record<
  ControlStatus,
  string | null
>

const firstOf = ({ serves }: ControlState['control']): FrameworkId =>
  FRAMEWORK_IDS.find((id) => serves[id]) ?? FRAMEWORK_IDS[0]

export const controlToWire = (
  { control, result, assessedAt }: ControlState,
  framework: FrameworkId | undefined,
): z.infer<typeof ControlWire> => ({
  id: control.id,
  control_id: control.id,
  control_name: control.title,
  compliance_framework: framework ?? firstOf(control),
  control_family: control.family,
  description: control.threshold ?? result.reason ?? control.title,
  implementation_status: IMPLEMENTED[result.status],
  status: result.status,
  effectiveness_rating: RATING[result.status],
  last_assessed: toIsoOrNull(assessedAt),
  value: result.value,
  threshold: result.threshold,
  reason: result.reason,
  serves: Object.fromEntries(Object.entries(control.serves).map(([id, clauses]) => [id, [...clauses]])),
})

export const ControlList = mapped(
  z.object({ controls: z.array(ControlWire), total: z.int() }).meta({ id: 'ComplianceControlList' }),
  ({ controls, framework }: { controls: readonly ControlState[]; framework: FrameworkId | undefined }) => ({
    controls: controls.map((state) => controlToWire(state, framework)),
    total: controls.length,
  }),
)
