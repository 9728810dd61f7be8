import * as z from 'zod'
import { Assertion, toAssertion } from '../../factors/passkeys/wire.ts'

/** An authenticator's answer as the script of passkeys fills it in. */
export const AssertionText = z
  .string()
  .max(16_384)
  .transform((text, { issues }) => {
    try {
      return toAssertion(Assertion.parse(JSON.parse(text)))
    } catch {
      issues.push({ code: 'custom', message: 'is no passkey', input: text })
      return z.NEVER
    }
  })
