import { NEW_PASSKEY, PASSKEYS, SHOW_PASSWORD } from '../../../../http/assets/assets.ts'
import type { Page } from '../../../../http/page.ts'
import { MAX_PASSWORD_LENGTH } from '../../../../lib/password-hash/length.ts'
import { getSecondFactorStatus } from '../../../account/service/factors.ts'
import { toQrCode } from '../../../account/wire/second-factor.ts'
import type { Identity } from '../../../factors/identities/types.ts'
import { listPasskeys } from '../../../factors/passkeys/service/manage.ts'
import type { Passkey } from '../../../factors/passkeys/types.ts'
import type { SecondFactorStatus } from '../../../factors/totp/types.ts'
import { listLinkedAccounts } from '../../../federation/service/linking.ts'
import { listProviders } from '../../../federation/service/providers.ts'
import type { PageFrame } from '../../../localization/service/texts.ts'
import { say, titleOf } from '../../../sign-in/wire/pages.tsx'
import { alertOf, ButtonLink, CodeField, Field, PasskeyForm, type Problem } from '../parts.tsx'
import { accountPage, Form, type Opening, Part, Thing, Things } from './parts.tsx'
import { at, pathOf, type Visit } from './visit.ts'

const PasskeyPart = ({ frame, passkeys }: { readonly frame: PageFrame; readonly passkeys: readonly Passkey[] }) => (
  <Part frame={frame} id="passkeys" heading="page.account.passkeys" text="page.account.passkeys_text">
    {passkeys.length > 0 && (
      <Things>
        {passkeys.map(({ id, name, createdAt, lastUsedAt }) => (
          <Thing
            id={`passkey-${id}`}
            name={name ?? say(frame, 'page.account.passkey_unnamed')}
            facts={[
              say(frame, 'page.account.added_at', { day: frame.texts.day(createdAt) }),
              lastUsedAt !== null && say(frame, 'page.account.used_at', { time: frame.texts.time(lastUsedAt) }),
            ]}
          >
            <details>
              <summary aria-describedby={`passkey-${id}`}>{say(frame, 'page.account.rename')}</summary>
              <Form frame={frame} name="rename-passkey" hidden={{ id }} submit="page.account.save" isSecond>
                <Field
                  frame={frame}
                  id={`name-${id}`}
                  name="name"
                  label="page.account.passkey_name"
                  autocomplete="off"
                  value={name ?? ''}
                  max={100}
                />
              </Form>
            </details>
            <Form
              frame={frame}
              name="remove-passkey"
              hidden={{ id }}
              submit="page.account.remove"
              about={`passkey-${id}`}
              isSecond
            />
          </Thing>
        ))}
      </Things>
    )}
    <Form frame={frame} name="start-passkey" submit="page.account.passkey_add">
      <Field
        frame={frame}
        id="new-passkey"
        name="name"
        label="page.account.passkey_name"
        autocomplete="off"
        isOptional
        max={100}
      />
    </Form>
    <noscript>
      <p class="note">{say(frame, 'page.account.passkey_script')}</p>
    </noscript>
  </Part>
)

const AuthenticatorPart = ({ frame, status }: { readonly frame: PageFrame; readonly status: SecondFactorStatus }) => (
  <>
    <Part
      frame={frame}
      id="authenticator"
      heading="page.account.authenticator"
      text={status.enabled ? 'page.account.authenticator_on' : 'page.account.authenticator_off'}
    >
      {status.enabled ? (
        <Form frame={frame} name="remove-authenticator" submit="page.account.authenticator_remove" isSecond />
      ) : (
        <Form frame={frame} name="start-authenticator" submit="page.account.authenticator_add" />
      )}
    </Part>
    {status.enabled && (
      <Part frame={frame} id="backup" heading="page.account.backup_codes">
        <p class="note">{say(frame, 'page.account.backup_codes_left', { count: status.backupCodesRemaining })}</p>
        <Form
          frame={frame}
          name="backup-codes"
          hidden={{ present: status.backupCodesId ?? '' }}
          submit="page.account.backup_codes_make"
          isSecond
        />
      </Part>
    )}
  </>
)

interface LinkedProps {
  readonly frame: PageFrame
  readonly identities: readonly Identity[]
  readonly providers: readonly { readonly name: string; readonly label: string }[]
}

function LinkedPart({ frame, identities, providers }: LinkedProps) {
  const isLinked = (name: string): boolean =>
    identities.some(({ provider, connectionId }) => provider === name && connectionId === null)
  const labelOf = (provider: string): string => providers.find(({ name }) => name === provider)?.label ?? provider
  if (identities.length === 0 && providers.length === 0) return null
  return (
    <Part frame={frame} id="linked" heading="page.account.linked" text="page.account.linked_text">
      <Things>
        {identities.map(({ id, provider, connectionId, email, label }) => (
          <Thing
            id={`identity-${id}`}
            name={connectionId === null ? labelOf(provider) : say(frame, 'page.account.linked_organization')}
            facts={[email ?? label]}
          >
            {connectionId === null && (
              <Form
                frame={frame}
                name="unlink"
                hidden={{ provider }}
                submit="page.account.unlink"
                about={`identity-${id}`}
                isSecond
              />
            )}
          </Thing>
        ))}
        {providers
          .filter(({ name }) => !isLinked(name))
          .map(({ name, label }) => (
            <Thing id={`provider-${name}`} name={label}>
              <Form
                frame={frame}
                name="link"
                hidden={{ provider: name }}
                submit="page.account.link"
                about={`provider-${name}`}
                isSecond
              />
            </Thing>
          ))}
      </Things>
    </Part>
  )
}

export async function securityPage({ ctx, frame, browser: { user } }: Visit, opening: Opening): Promise<Page> {
  const [passkeys, status, { identities }] = await Promise.all([
    listPasskeys(ctx, user.id),
    getSecondFactorStatus(ctx),
    listLinkedAccounts(ctx, user),
  ])
  const isWrong = opening.refused?.form === 'password'
  const minLength = ctx.config.PASSWORD_MIN_LENGTH
  return accountPage({
    frame,
    section: 'security',
    opening,
    scripts: [SHOW_PASSWORD],
    children: (
      <>
        <Part frame={frame} id="password-part" heading="page.account.password" text="page.account.password_text">
          {user.passwordHash === null ? (
            <ButtonLink href={at(frame, '/forgot-password')}>{say(frame, 'page.account.password_set')}</ButtonLink>
          ) : (
            <Form frame={frame} name="password" submit="page.account.password_submit">
              {/* Password managers look for it, to know whose password it is. */}
              <input type="email" autocomplete="username" value={user.email} readonly hidden />
              <Field
                frame={frame}
                name="current_password"
                label="page.account.current_password"
                type="password"
                autocomplete="current-password"
                isWrong={isWrong && opening.refused?.code === 'INVALID_PASSWORD'}
              />
              <Field
                frame={frame}
                name="new_password"
                label="page.new_password"
                type="password"
                autocomplete="new-password"
                min={minLength}
                max={MAX_PASSWORD_LENGTH}
                isWrong={isWrong && opening.refused?.code === 'WEAK_PASSWORD'}
                hint={say(frame, 'page.sign_up.rule', { min: minLength })}
              />
            </Form>
          )}
        </Part>
        <PasskeyPart frame={frame} passkeys={passkeys} />
        <AuthenticatorPart frame={frame} status={status} />
        <LinkedPart
          frame={frame}
          identities={identities}
          providers={listProviders(ctx.config).filter(({ isEnabled }) => isEnabled)}
        />
      </>
    ),
  })
}

/** The pending secret of an authenticator app, and the field for its first code. */
export const authenticatorPage = (
  frame: PageFrame,
  { secret, provisioningUri }: { readonly secret: string; readonly provisioningUri: string },
  problem: Problem = null,
): Page => ({
  ...accountPage({
    frame,
    section: 'security',
    title: titleOf(frame, 'page.account.authenticator_add'),
    children: (
      <>
        {alertOf(frame, problem)}
        <p>{say(frame, 'page.account.authenticator_scan')}</p>
        <img
          class="qr"
          src={toQrCode(provisioningUri)}
          alt={titleOf(frame, 'page.account.authenticator_qr')}
          width="220"
          height="220"
        />
        <p class="note">
          {say(frame, 'page.account.authenticator_secret')}{' '}
          <span class="secret" dir="ltr">
            {secret.replace(/.{4}/g, '$& ')}
          </span>
        </p>
        <Form frame={frame} name="confirm-authenticator" submit="page.account.authenticator_confirm">
          <CodeField
            frame={frame}
            label="page.account.authenticator_code"
            isWrong={problem !== null}
            isFocused={problem === null}
          />
        </Form>
        <p class="beside">
          <a href={at(frame, pathOf('security'))}>{say(frame, 'page.account.cancel')}</a>
        </p>
      </>
    ),
  }),
  status: problem === null ? 200 : 400,
})

/** Backup codes, which are shown this once. */
export const backupCodesPage = (frame: PageFrame, codes: readonly string[], opening: Opening = {}): Page =>
  accountPage({
    frame,
    section: 'security',
    opening,
    title: titleOf(frame, 'page.account.backup_codes'),
    children: (
      <>
        <p>{say(frame, 'page.account.backup_codes_keep')}</p>
        <ul class="codes" dir="ltr">
          {codes.map((code) => (
            <li>{code}</li>
          ))}
        </ul>
        <ButtonLink href={at(frame, pathOf('security'))}>{say(frame, 'page.account.backup_codes_kept')}</ButtonLink>
      </>
    ),
  })

/** What `navigator.credentials.create()` is called with, and the form for its answer. */
export const newPasskeyPage = (frame: PageFrame, { name, options }: { name: string; options: unknown }): Page =>
  accountPage({
    frame,
    section: 'security',
    title: titleOf(frame, 'page.account.passkey_add'),
    scripts: [NEW_PASSKEY],
    children: (
      <>
        <p>{say(frame, 'page.account.passkey_next')}</p>
        <form
          class="passkey"
          method="post"
          action={at(frame, '/account/add-passkey')}
          data-options={JSON.stringify(options)}
          hidden
        >
          <input type="hidden" name="name" value={name} />
          <input type="hidden" name="credential" value="" />
          <p class="problem" role="alert" tabindex={-1} hidden>
            {say(frame, 'page.account.passkey_failed')}
          </p>
          <button type="button">{say(frame, 'page.account.passkey_create')}</button>
        </form>
        <noscript>
          <p class="problem">{say(frame, 'page.account.passkey_script')}</p>
        </noscript>
        <p class="beside">
          <a href={at(frame, pathOf('security'))}>{say(frame, 'page.account.cancel')}</a>
        </p>
      </>
    ),
  })

interface Confirming {
  /** The page to come back to. */
  readonly back: string
  readonly again: 'yes' | undefined
  readonly methods: readonly string[]
  readonly problem: Problem
}

/** Asks for a fresh factor, or to sign in anew: a passkey may be the only one, and needs JavaScript. */
export function confirmPage({ frame, browser: { user } }: Visit, { back, again, methods, problem }: Confirming): Page {
  const action = at(frame, '/account/confirm', { back, ...(again && { again }) })
  const anew = at(frame, '/sign-in', { another: 'yes', return_to: at(frame, back, again && { done: 'again' }) })
  const hasPassword = methods.includes('password')
  const hasCode = methods.includes('totp') || methods.includes('backup_code')
  return {
    frame,
    title: titleOf(frame, 'page.account.confirm'),
    scripts: methods.includes('passkey') ? [SHOW_PASSWORD, PASSKEYS] : [SHOW_PASSWORD],
    body: (
      <>
        <p>{say(frame, 'page.account.confirm_text')}</p>
        {alertOf(frame, problem)}
        {(hasPassword || hasCode) && (
          <form method="post" action={action}>
            <input type="email" autocomplete="username" value={user.email} readonly hidden />
            {hasPassword && (
              <Field
                frame={frame}
                name="password"
                label="page.sign_in.password"
                type="password"
                autocomplete="current-password"
                isWrong={problem === 'INVALID_PASSWORD'}
                isFocused={problem === null}
              />
            )}
            {hasCode && (
              <CodeField
                frame={frame}
                isWrong={problem === 'INVALID_CODE'}
                isFocused={problem === null && !hasPassword}
                hint={say(frame, 'page.second_step.code_hint')}
              />
            )}
            <button type="submit">{say(frame, 'page.second_step.submit')}</button>
          </form>
        )}
        {methods.includes('passkey') && (
          <>
            <PasskeyForm frame={frame} action={action} />
            <noscript>
              <p class="note">{say(frame, 'page.account.passkey_script')}</p>
            </noscript>
          </>
        )}
        <p class="beside">
          <a href={anew}>{say(frame, 'page.sign_out.sign_in')}</a>
          <a href={at(frame, '/account')}>{say(frame, 'page.account.cancel')}</a>
        </p>
      </>
    ),
  }
}
