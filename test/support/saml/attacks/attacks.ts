import type { Reason } from '../../../../src/features/sso/saml/refusal.ts'
import { ANSWER, replaced, SHAPES, type Shape, type Signing } from '../documents.ts'
import type { TestKey } from '../keys.ts'
import { CHANGES, CHANGES_AROUND, IDS, PLACES, ROOTS } from './changes.ts'
import { FORMS } from './forms.ts'
import { ALL_SIGNATURES, ASSERTION, forged, part, SIGNATURE } from './parts.ts'
import { TEXTS } from './texts.ts'
import { hidePlaces, wrapAssertion, wrapResponse } from './wrapping.ts'

/** A document that must sign nobody in, and why. */
export interface Attack {
  readonly name: string
  readonly xml: string
  readonly reason: Reason
}

export interface AttackKeys {
  /** The connection trusts it. */
  readonly trusted: TestKey
  readonly stranger: TestKey
  readonly p256: TestKey
  readonly weak: TestKey
}

const rowsOf = <T>(table: Readonly<Record<string, T>>) => Object.entries(table)

/** Every attack on an answer of which one part, or both, are signed. */
export function attacksOn(shape: Shape, { trusted, stranger, p256, weak }: AttackKeys): readonly Attack[] {
  // Where both are signed, the signature inside is the odd one: every one that is there must hold.
  const sign = (xml: string, signing?: Signing) =>
    shape === 'both'
      ? SHAPES.response(SHAPES.assertion(xml, trusted, signing), trusted)
      : SHAPES[shape](xml, trusted, signing)
  const good = sign(ANSWER)
  const honest = part(good, ASSERTION)
  const isResponseSigned = shape !== 'assertion'
  const signedId = shape === 'response' ? '_response' : '_assertion'
  const attack = (name: string, xml: string, reason: Reason): Attack => ({
    name: `${shape} signed: ${name}`,
    xml,
    reason,
  })
  const withoutAssertion = replaced(good, ASSERTION, forged())
  return [
    ...rowsOf(wrapAssertion(honest)).map(([name, xml]) =>
      attack(`a forged assertion ${name}`, replaced(good, ASSERTION, xml), 'not_one_assertion'),
    ),
    ...rowsOf(hidePlaces).map(([name, hide]) =>
      attack(`the honest assertion ${name}`, hide(withoutAssertion, honest), 'not_one_assertion'),
    ),
    ...rowsOf(wrapResponse(good)).map(([name, xml]) =>
      attack(`a forged response around the honest one ${name}`, xml, 'not_a_response'),
    ),
    ...rowsOf(CHANGES).map(([name, edit]) => attack(`${name} after signing`, edit(good), 'digest')),
    ...rowsOf(CHANGES_AROUND).map(([name, [edit, reason]]) =>
      attack(`${name} after signing`, edit(good), isResponseSigned ? 'digest' : reason),
    ),
    ...rowsOf(PLACES).map(([name, edit]) => attack(`a signature ${name}`, edit(good), 'signature_place')),
    ...rowsOf(FORMS).map(([name, [signing, reason]]) => attack(name, sign(ANSWER, signing), reason)),
    ...rowsOf(TEXTS).map(([name, [edit, reason]]) => attack(name, edit(good), reason)),
    ...rowsOf(IDS).map(([name, edit]) => attack(name, edit(good), 'duplicate_id')),
    ...rowsOf(ROOTS).map(([name, [edit, reason]]) => attack(name, edit(good), reason)),
    attack(
      'no ID, and a reference to how a program writes that',
      replaced(replaced(good, ` ID="${signedId}"`, ''), `URI="#${signedId}"`, 'URI="#undefined"'),
      'reference_target',
    ),
    attack('no signature', good.replace(ALL_SIGNATURES, ''), 'unsigned'),
    attack('a stranger', SHAPES[shape](ANSWER, stranger), 'signature_value'),
    attack(
      'a stranger who names the trusted certificate',
      replaced(SHAPES[shape](ANSWER, stranger), stranger.certificate, trusted.certificate),
      'signature_value',
    ),
    attack('a stranger with an elliptic key under the name of RSA', SHAPES[shape](ANSWER, p256), 'signature_value'),
    attack('a weak key', SHAPES[shape](ANSWER, weak), 'signature_value'),
    attack(
      'a forged assertion under the honest signature',
      replaced(
        good,
        ASSERTION,
        isResponseSigned ? forged() : forged().replace('</saml:Issuer>', (at) => at + part(good, SIGNATURE)),
      ),
      isResponseSigned ? 'digest' : 'reference_target',
    ),
    attack(
      'a forged assertion with the honest ID and signature',
      replaced(
        good,
        ASSERTION,
        forged('_assertion').replace('</saml:Issuer>', (at) =>
          shape === 'response' ? at : at + part(honest, SIGNATURE),
        ),
      ),
      'digest',
    ),
  ]
}
