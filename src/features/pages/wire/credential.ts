import * as z from 'zod'
import { Assertion, Attestation, toAssertion } from '../../factors/passkeys/wire.ts'

/** An authenticator's answer as a script of ours fills it in: JSON in a field of a form. */
const credentialText = <T>(maxLength: number, read: (given: unknown) => T) =>
  z
    .string()
    .max(maxLength)
    .transform((text, { issues }) => {
      try {
        return read(JSON.parse(text))
      } catch {
        issues.push({ code: 'custom', message: 'is no passkey', input: text })
        return z.NEVER
      }
    })

export const AssertionText = credentialText(16_384, (given) => toAssertion(Assertion.parse(given)))
export const AttestationText = credentialText(128 * 1024, (given) => Attestation.parse(given))
