/** What operations stand under in the OpenAPI documents, in the order in which an application meets them. */
export const TAGS = {
  auth: 'Sign up, sign in, refresh tokens and sign out',
  email: 'Verify an address, and take a change of address back',
  password: 'Set, change and reset a password',
  'magic-links': 'Sign in with a link that is mailed',
  passkeys: 'Sign in with a passkey, and manage the passkeys of an account (WebAuthn)',
  mfa: 'The second factor: TOTP, backup codes and the second step of a sign-in',
  account: "The caller's own account",
  sessions: "The caller's sessions, and those of a user",
  'account safety': 'What happened in an account, and what its owner does about it',
  events: 'Session events over a WebSocket',
  validation: 'What API gateways ask: is this token good, and whose is it?',
  oauth: 'Tokens of machines (OAuth 2.0)',
  keys: 'The keys that verify tokens, and metadata of this server',
  users: 'The directory of users',
  vendors: 'Accounts of vendors',
  admin: 'Administration of users and of the deployment',
  clients: 'Machines that may ask for tokens',
  mail: 'Mails that were sent, and those that were not',
  health: 'Probes',
  docs: 'The description of this API',
  pages: 'Pages that links in mails lead to',
} as const

export type Tag = keyof typeof TAGS
