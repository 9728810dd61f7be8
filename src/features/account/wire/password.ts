import * as z from 'zod'
import { oneOfEach } from '../../../http/input.ts'
import { NewPasswordField, PasswordField, StepUpBody, toStepUp } from '../../sign-in/wire/session.ts'
import type { PasswordChange } from '../service/password-change.ts'

/** Either system's names are taken; `names` are those that a missing field is told by. */
const createChangeBody = (names: { current: string; next: string }) =>
  z
    .object({
      current_password: PasswordField.nullish(),
      currentPassword: PasswordField.nullish(),
      new_password: NewPasswordField.nullish(),
      newPassword: NewPasswordField.nullish(),
      code: StepUpBody.shape.code,
      credential: StepUpBody.shape.credential,
    })
    .refine((body) => body.current_password ?? body.currentPassword, { path: [names.current], message: 'is required' })
    .refine((body) => body.new_password ?? body.newPassword, { path: [names.next], message: 'is required' })
    .meta(oneOfEach(['current_password', 'currentPassword'], ['new_password', 'newPassword']))

export const ChangePasswordBody = createChangeBody({ current: 'current_password', next: 'new_password' })

/** The message of gateway-auth's 400 names the field as its clients send it. */
export const GatewayChangePasswordBody = createChangeBody({ current: 'currentPassword', next: 'newPassword' })

export const toPasswordChange = (body: z.output<typeof ChangePasswordBody>): PasswordChange => ({
  ...toStepUp({
    password: body.current_password ?? body.currentPassword,
    code: body.code,
    credential: body.credential,
  }),
  newPassword: body.new_password ?? body.newPassword ?? '',
})
