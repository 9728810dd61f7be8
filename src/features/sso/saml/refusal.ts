/** Why a SAML message was refused, and the rule of it. Rules 1 to 5 are of its form: their answer is 400, that of the others 401. */
export const RULE_OF = {
  too_large: 1,
  not_base64: 1,
  not_utf8: 1,
  not_deflate: 1,
  parameters: 1,
  markup_declaration: 2,
  entity: 2,
  character: 2,
  too_many_nodes: 2,
  not_xml: 3,
  too_deep: 3,
  namespace: 3,
  not_a_response: 4,
  not_a_logout_request: 4,
  not_a_logout_response: 4,
  not_one_assertion: 4,
  duplicate_id: 4,
  destination: 5,
  in_response_to: 5,
  signature_place: 6,
  unsigned: 6,
  signature_form: 7,
  transforms: 7,
  algorithm: 7,
  reference_target: 7,
  signature_value: 8,
  digest: 8,
  signed_reference: 9,
  decryption: 10,
  status: 11,
  version: 11,
  issuer: 11,
  message_id: 11,
  conditions: 12,
  expired: 12,
  not_yet: 12,
  audience: 12,
  subject_confirmation: 13,
  name_id: 13,
  authn_statement: 13,
  session_expired: 13,
  session_index: 13,
} as const satisfies Record<string, number>

export type Reason = keyof typeof RULE_OF

export interface Refused {
  readonly refused: Reason
}

/** Thrown by the rules, and turned into a value where they are called: it has the reason, never a part of the document. */
class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: Reason
  constructor(reason: Reason) {
    super(`SAML message refused: ${reason}`)
    this.reason = reason
  }
}

export function refuse(reason: Reason): never {
  throw new Refusal(reason)
}

function refusedBy(cause: unknown): Refused {
  if (cause instanceof Refusal) return { refused: cause.reason }
  throw cause
}

/** What the rules read, or why they refused it. What else they throw is a bug. */
export function orRefused<T>(rules: () => T): T | Refused {
  try {
    return rules()
  } catch (cause) {
    return refusedBy(cause)
  }
}

/** The same of rules that await something. */
export const orRefusedLater = <T>(rules: () => Promise<T>): Promise<T | Refused> => rules().catch(refusedBy)

/** One reason for whatever the rules refuse: which of them did must not be told. */
export function foldRefusals<T>(reason: Reason, rules: () => T): T {
  const read = orRefused(() => ({ value: rules() }))
  return 'refused' in read ? refuse(reason) : read.value
}
