import { concatBytes, fromBase64Url, toBase64Url, uint32, utf8 } from '../../src/lib/encoding.ts'

/** What a browser is handed; only what the authenticator reads. */
export interface CreationOptions {
  readonly challenge: string
  readonly rp: { readonly id: string }
  readonly user: { readonly id: string }
}

export interface RequestOptions {
  readonly challenge: string
  readonly rpId: string
}

export interface AuthenticatorSettings {
  /** COSE: ES256, RS256 or EdDSA. */
  readonly algorithm?: -7 | -257 | -8
  /** Says 0 for ever when it does not count. */
  readonly counts?: boolean
  /** Synchronized between devices. */
  readonly isSynced?: boolean
  /** Signs what it made with the key that it made: packed self attestation (WebAuthn 8.2). */
  readonly attestsItself?: boolean
  /** It keeps the user handle, and answers without being told a credential. */
  readonly isDiscoverable?: boolean
  /** An id that an attacker chose, in the place of a random one; base64url. */
  readonly id?: string
}

/** What an attacker, or a poor authenticator, does differently. */
export interface Deviation {
  readonly origin?: string
  readonly type?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly crossOrigin?: boolean
  readonly userVerified?: boolean
  readonly userPresent?: boolean
  readonly signCount?: number
  readonly userHandle?: string
  /** Made of the answer that is given. */
  readonly format?: string
  readonly statement?: readonly (readonly [string, Cbor])[]
}

export const ORIGIN = 'http://localhost:3000'

type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<number | string, Cbor>

/** CBOR (RFC 8949) of what authenticators write. */
export function encodeCbor(value: Cbor): Uint8Array<ArrayBuffer> {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return concatBytes(head(3, utf8(value).length), utf8(value))
  if (value instanceof Uint8Array) return concatBytes(head(2, value.length), value)
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<number | string, Cbor>)].flat()
    return concatBytes(head(5, pairs.length / 2), ...pairs.map(encodeCbor))
  }
  const items = value as readonly Cbor[]
  return concatBytes(head(4, items.length), ...items.map(encodeCbor))
}

function head(major: number, value: number): Uint8Array<ArrayBuffer> {
  const type = major << 5
  if (value < 24) return Uint8Array.of(type | value)
  if (value < 256) return Uint8Array.of(type | 24, value)
  return Uint8Array.of(type | 25, value >> 8, value & 255)
}

const sha256 = async (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

/** ASN.1 DER of an ECDSA signature (RFC 3279 2.2.3), which WebCrypto writes as r and s. */
function toDer(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const integer = (bytes: Uint8Array) => {
    const from = bytes.findIndex((byte) => byte !== 0)
    const trimmed = bytes.subarray(from === -1 ? bytes.length - 1 : from)
    const padded = (trimmed[0] ?? 0) > 127 ? concatBytes(Uint8Array.of(0), trimmed) : trimmed
    return concatBytes(Uint8Array.of(2, padded.length), padded)
  }
  const body = concatBytes(integer(raw.subarray(0, 32)), integer(raw.subarray(32)))
  return concatBytes(Uint8Array.of(0x30, body.length), body)
}

interface Key {
  readonly cose: Uint8Array<ArrayBuffer>
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
}

const bytesOf = (text: string | undefined): Uint8Array => fromBase64Url(text ?? '') ?? new Uint8Array()

async function makePair(algorithm: Parameters<SubtleCrypto['generateKey']>[0]) {
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  return { pair, jwk: (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey }
}

/** COSE_Key (RFC 9052 7, RFC 9053 7, RFC 8230 4). */
const KEYS: Record<NonNullable<AuthenticatorSettings['algorithm']>, () => Promise<Key>> = {
  [-7]: async () => {
    const { pair, jwk } = await makePair({ name: 'ECDSA', namedCurve: 'P-256' })
    const params = { name: 'ECDSA', hash: 'SHA-256' }
    return {
      cose: encodeCbor(
        new Map<number, Cbor>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, bytesOf(jwk.x)],
          [-3, bytesOf(jwk.y)],
        ]),
      ),
      sign: async (data) => toDer(new Uint8Array(await crypto.subtle.sign(params, pair.privateKey, data))),
    }
  },
  [-257]: async () => {
    const name = 'RSASSA-PKCS1-v1_5'
    const publicExponent = Uint8Array.of(1, 0, 1)
    const { pair, jwk } = await makePair({ name, modulusLength: 2048, publicExponent, hash: 'SHA-256' })
    return {
      cose: encodeCbor(
        new Map<number, Cbor>([
          [1, 3],
          [3, -257],
          [-1, bytesOf(jwk.n)],
          [-2, bytesOf(jwk.e)],
        ]),
      ),
      sign: async (data) => new Uint8Array(await crypto.subtle.sign(name, pair.privateKey, data)),
    }
  },
  [-8]: async () => {
    const { pair, jwk } = await makePair({ name: 'Ed25519' })
    return {
      cose: encodeCbor(
        new Map<number, Cbor>([
          [1, 1],
          [3, -8],
          [-1, 6],
          [-2, bytesOf(jwk.x)],
        ]),
      ),
      sign: async (data) => new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, data)),
    }
  },
}

const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const BACKUP_ELIGIBLE = 0x08
const BACKED_UP = 0x10
const ATTESTED = 0x40

/** An authenticator with one credential, and the browser before it, in software (WebAuthn 6). */
export class SoftwareAuthenticator {
  readonly id: string
  readonly settings: AuthenticatorSettings
  readonly key: Key
  #signCount = 0
  #userHandle: string | null = null

  private constructor(settings: AuthenticatorSettings, key: Key) {
    this.settings = settings
    this.key = key
    this.id = settings.id ?? toBase64Url(crypto.getRandomValues(new Uint8Array(20)))
  }

  static async make(settings: AuthenticatorSettings = {}): Promise<SoftwareAuthenticator> {
    return new SoftwareAuthenticator(settings, await KEYS[settings.algorithm ?? -7]())
  }

  /** `navigator.credentials.create()`, as JSON. */
  async create(options: CreationOptions, deviation: Deviation = {}) {
    this.#userHandle = options.user.id
    const clientDataJSON = clientData('webauthn.create', options.challenge, deviation)
    const id = bytesOf(this.id)
    const credential = concatBytes(new Uint8Array(16), Uint8Array.of(0, id.length), id, this.key.cose)
    const authData = concatBytes(await this.#authData(options.rp.id, deviation, ATTESTED), credential)
    const attestation = new Map<string, Cbor>([
      ['fmt', deviation.format ?? (this.settings.attestsItself ? 'packed' : 'none')],
      ['attStmt', new Map<string, Cbor>(deviation.statement ?? (await this.#statement(authData, clientDataJSON)))],
      ['authData', authData],
    ])
    return {
      ...this.#envelope(),
      response: {
        clientDataJSON: toBase64Url(clientDataJSON),
        attestationObject: toBase64Url(encodeCbor(attestation)),
        transports: ['internal'],
      },
    }
  }

  /** `navigator.credentials.get()`, as JSON. */
  async get(options: RequestOptions, deviation: Deviation = {}) {
    const clientDataJSON = clientData('webauthn.get', options.challenge, deviation)
    const authData = await this.#authData(options.rpId, deviation, 0)
    const signature = await this.key.sign(concatBytes(authData, await sha256(clientDataJSON)))
    const handle = deviation.userHandle ?? (this.settings.isDiscoverable ? this.#userHandle : null)
    return {
      ...this.#envelope(),
      response: {
        clientDataJSON: toBase64Url(clientDataJSON),
        authenticatorData: toBase64Url(authData),
        signature: toBase64Url(signature),
        ...(handle !== null && { userHandle: handle }),
      },
    }
  }

  async #statement(authData: Uint8Array<ArrayBuffer>, clientDataJSON: Uint8Array<ArrayBuffer>) {
    if (!this.settings.attestsItself) return []
    const sig = await this.key.sign(concatBytes(authData, await sha256(clientDataJSON)))
    return [['alg', this.settings.algorithm ?? -7] as const, ['sig', sig] as const]
  }

  #envelope() {
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
    }
  }

  async #authData(rpId: string, deviation: Deviation, more: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.settings.counts) this.#signCount += 1
    const flags =
      (deviation.userPresent === false ? 0 : USER_PRESENT) |
      (deviation.userVerified === false ? 0 : USER_VERIFIED) |
      (this.settings.isSynced ? BACKUP_ELIGIBLE | BACKED_UP : 0) |
      more
    const rpIdHash = await sha256(utf8(deviation.rpId ?? rpId))
    return concatBytes(rpIdHash, Uint8Array.of(flags), uint32(deviation.signCount ?? this.#signCount))
  }
}

function clientData(type: string, challenge: string, deviation: Deviation): Uint8Array<ArrayBuffer> {
  return utf8(
    JSON.stringify({
      type: deviation.type ?? type,
      challenge: deviation.challenge ?? challenge,
      origin: deviation.origin ?? ORIGIN,
      crossOrigin: deviation.crossOrigin ?? false,
    }),
  )
}
