import { describe, expect, it } from 'vitest'
import { findMisspelt, findUnknownNames } from '../../scripts/support/settings.ts'
import { editsBetween } from '../../scripts/support/spelling.ts'
import { SETTING_NAMES } from '../../src/config.ts'

/** What systems, shells, package managers, CI and other programs set. */
const OF_OTHERS = `
  HOME HOST HOSTNAME LANG LC_ALL LOGNAME MAIL MAILTO NODE NODE_ENV NODE_OPTIONS NODE_PATH OLDPWD PATH PORT PWD SHELL SHLVL TERM TMPDIR TZ
  USER USERNAME EDITOR PAGER DISPLAY SSH_AUTH_SOCK SSH_CLIENT SSH_TTY XDG_RUNTIME_DIR XDG_SESSION_ID DBUS_SESSION_BUS_ADDRESS
  COLOR COLORTERM INIT_CWD MODEL EDIT npm_config_user_agent npm_package_name npm_lifecycle_event npm_node_execpath npm_command
  CI GITHUB_ACTIONS GITHUB_TOKEN RUNNER_OS RUNNER_TEMP GITLAB_CI BUILD_ID JOB_NAME APP_HOME APP_BASE APP_ENV APP_KEY JAVA_HOME
  HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy HTTP_HOST FTP_HOST DB_HOST DB_NAME DATABASE_URL REDIS_URL BASE_URL SECRET_KEY JWT_SECRET
  SMTP_USER SMTP_PASS MAIL_HOST MAIL_PORT MAIL_USERNAME MAIL_PASSWORD MAIL_DRIVER PUBLIC_KEY PUBLIC_DIR AWS_REGION AWS_SECRET_ACCESS_KEY
  CLOUDFLARE_API_TOKEN CLOUDFLARE_ACCOUNT_ID CF_API_TOKEN WRANGLER_LOG DOCKER_HOST KUBERNETES_PORT COMPOSE_PROJECT_NAME VIRTUAL_ENV
  PGHOST PGPORT PGUSER MYSQL_HOST POSTGRES_USER SENTRY_DSN LOG_LEVEL LESSOPEN LS_COLORS GPG_TTY NVM_DIR GOPATH CARGO_HOME EMAIL
`
  .trim()
  .split(/\s+/)

describe('names of settings', () => {
  it('are known, whatever slip they have in the environment', () => {
    const slips = {
      SIGNUP_ENABLED: 'SIGNUPS_ENABLED',
      MAIL_FORM: 'MAIL_FROM',
      SMTP_PASWORD: 'SMTP_PASSWORD',
      PUBLIC_URI: 'PUBLIC_URL',
      ADMIN_MAIL: 'ADMIN_EMAIL',
      CORS_ORIGN: 'CORS_ORIGINS',
    }
    for (const [slip, meant] of Object.entries(slips))
      expect(findMisspelt({ [slip]: 'x' }).join()).toContain(
        `${slip} in the environment is no setting, did you mean ${meant}?`,
      )
  })

  it('of other programs pass, and so do our own', () => {
    expect(findMisspelt(Object.fromEntries([...OF_OTHERS, ...SETTING_NAMES].map((name) => [name, 'x'])))).toEqual([])
  })

  it('in a file of ours are settings or refused, with the nearest or with where they belong', () => {
    expect(findUnknownNames(['MODE', 'public_uri', 'SINGUPS', 'ADMIN_EMAIL'], '.dev.vars')).toEqual([
      'public_uri in .dev.vars is no setting, did you mean PUBLIC_URL?',
      'SINGUPS in .dev.vars is no setting, docs/settings.md lists them',
      'ADMIN_EMAIL in .dev.vars is for the environment of the command, not for this file',
    ])
  })
})

it.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', 'acb', 1],
  ['abc', 'ab', 1],
  ['abc', 'xabc', 1],
  ['abc', 'axc', 1],
  ['kitten', 'sitting', 3],
])('%j and %j are %i edits apart', (one, other, edits) => {
  expect([editsBetween(one, other), editsBetween(other, one)]).toEqual([edits, edits])
})
