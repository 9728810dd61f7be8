import type { Page } from '../../../../http/page.ts'
import { listCatalogueLanguages } from '../../../localization/service/catalogues.ts'
import { say } from '../../../sign-in/wire/pages.tsx'
import { isEmailConfirmed } from '../../../users/service/users.ts'
import { Field, whoIs } from '../parts.tsx'
import { accountPage, Choice, Form, type Opening, Part } from './parts.tsx'
import { at, type Visit } from './visit.ts'

const MAX_NAME = 100

export async function profilePage({ frame, browser: { user } }: Visit, opening: Opening): Promise<Page> {
  const typed = opening.refused?.typed ?? {}
  const isRefused = (form: string): boolean => opening.refused?.form === form
  const picture = user.profileImageUrl
  // Pictures of other origins are not shown: the page's policy allows none.
  const isOurs = picture?.startsWith('/') || picture?.includes('/avatars/')
  const languages = listCatalogueLanguages().map(({ code, nativeName }) => ({
    value: code,
    text: nativeName,
    lang: code,
  }))
  return accountPage({
    frame,
    section: 'profile',
    opening,
    children: (
      <>
        <p class="lead">{say(frame, 'page.welcome.text', { who: whoIs(user) })}</p>
        <Part frame={frame} id="names" heading="page.account.names">
          <Form frame={frame} name="profile" submit="page.account.save">
            <Field
              frame={frame}
              name="display_name"
              label="page.account.display_name"
              autocomplete="name"
              value={typed.display_name ?? user.displayName ?? ''}
              isOptional
              max={200}
            />
            <Field
              frame={frame}
              name="first_name"
              label="page.account.first_name"
              autocomplete="given-name"
              value={typed.first_name ?? user.firstName ?? ''}
              isOptional
              max={MAX_NAME}
            />
            <Field
              frame={frame}
              name="last_name"
              label="page.account.last_name"
              autocomplete="family-name"
              value={typed.last_name ?? user.lastName ?? ''}
              isOptional
              max={MAX_NAME}
            />
            <Field
              frame={frame}
              name="username"
              label="page.account.username"
              autocomplete="username"
              value={typed.username ?? user.username ?? ''}
              isOptional
              isWrong={isRefused('profile')}
              max={50}
            />
          </Form>
        </Part>
        <Part frame={frame} id="picture" heading="page.account.picture" text="page.account.picture_text">
          {isOurs && picture !== null && (
            <img class="picture" src={new URL(picture, 'https://own.invalid').pathname} alt="" width="96" height="96" />
          )}
          <form method="post" action={at(frame, '/account/picture')} enctype="multipart/form-data">
            <label for="file">{say(frame, 'page.account.picture_file')}</label>
            <input id="file" name="file" type="file" accept="image/png,image/jpeg,image/webp,image/gif" required />
            <button type="submit">{say(frame, 'page.account.picture_submit')}</button>
          </form>
          {picture !== null && (
            <Form frame={frame} name="remove-picture" submit="page.account.remove" about="picture" isSecond />
          )}
        </Part>
        <Part
          frame={frame}
          id="address"
          heading="page.account.address"
          text={isEmailConfirmed(user) ? 'page.account.address_text' : 'page.account.address_unconfirmed'}
        >
          <Form frame={frame} name="email" submit="page.account.address_submit">
            <Field
              frame={frame}
              name="email"
              label="page.account.new_address"
              type="email"
              autocomplete="email"
              value={typed.email ?? ''}
              isWrong={isRefused('email')}
            />
          </Form>
        </Part>
        <Part frame={frame} id="language" heading="page.account.language" text="page.account.language_text">
          <Form frame={frame} name="language" submit="page.account.save">
            <Choice
              frame={frame}
              id="locale"
              name="locale"
              label="page.account.language"
              value={user.locale ?? ''}
              options={[{ value: '', text: say(frame, 'page.account.language_of_browser') }, ...languages]}
            />
          </Form>
        </Part>
      </>
    ),
  })
}
