import type { WebhookRow } from './tables.ts'

export const LIMITS = {
  endpointsPerScope: 20,
  endpointsPerUser: 5,
  testsPerMinute: 10,
  /** Of an endpoint, whoever asks: each reads the record, or has the receiver called again. */
  redeliveriesPerMinute: 60,
  recoveriesPerHour: 10,
  events: 100,
  urlLength: 2048,
  graceSeconds: 7 * 86_400,
  recovered: 10_000,
} as const

/** An endpoint, without its secrets. */
export type Webhook = Omit<
  WebhookRow,
  'authorizationSealed' | 'secretSealed' | 'formerSecretSealed' | 'toldVersion' | 'authorLossToldAt'
> & { readonly hasAuthorization: boolean }

/** What its owner says of an endpoint. */
export interface WebhookText {
  readonly url: string
  readonly events: readonly string[]
  readonly description: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly authorization: string | null
  readonly ordered: boolean
  readonly batch: boolean
  readonly audit: boolean
  readonly isActive: boolean
}

export type WebhookFields = { readonly [K in keyof WebhookText]?: WebhookText[K] | undefined }

/** The log whose events an endpoint gets. */
export const topicOf = ({ organizationId, userId }: Pick<WebhookRow, 'organizationId' | 'userId'>): string => {
  if (organizationId !== null) return `organization:${organizationId}`
  return userId === null ? 'platform' : `user:${userId}`
}
