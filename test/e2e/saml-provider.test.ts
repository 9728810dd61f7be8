import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadNodeSaml } from '../support/saml/libraries.mjs'
import { type SamlProvider, startSamlProvider } from './support/saml-provider.ts'

// What tests of sign-in by SAML stand on: no service takes part here.

const ACS = 'http://127.0.0.1:1/acs'
const ENTITY = 'http://127.0.0.1:1/entity'

let provider: SamlProvider
beforeAll(async () => {
  provider = await startSamlProvider()
})
afterAll(() => provider.stop())

async function serviceProvider(more: Readonly<Record<string, unknown>> = {}) {
  const { SAML } = await loadNodeSaml()
  return new SAML({
    idpCert: await provider.certificate(),
    entryPoint: provider.ssoUrl,
    issuer: ENTITY,
    audience: ENTITY,
    callbackUrl: ACS,
    wantAssertionsSigned: false,
    wantAuthnResponseSigned: false,
    ...more,
  })
}

/** Asks the provider for an answer, as a browser does, and gives the form that it makes the browser post. */
async function ask(saml: Awaited<ReturnType<typeof serviceProvider>>) {
  const page = await (await fetch(await saml.getAuthorizeUrlAsync('the state', undefined, {}))).text()
  const value = (name: string) => new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(page)?.[1] ?? ''
  return {
    action: /action="([^"]*)"/.exec(page)?.[1],
    SAMLResponse: value('SAMLResponse'),
    RelayState: value('RelayState'),
  }
}

describe('samlp', () => {
  it.each(['assertion', 'response', 'both'] as const)('answers a request with the %s signed', async (signs) => {
    await provider.configure({ signs, account: { nameId: 'bo@acme.example', attributes: { groups: ['a', 'b'] } } })
    const saml = await serviceProvider()
    const form = await ask(saml)
    expect(form).toMatchObject({ action: ACS, RelayState: 'the state' })
    const xml = Buffer.from(form.SAMLResponse, 'base64').toString()
    expect(xml.match(/<Signature /g)).toHaveLength(signs === 'both' ? 2 : 1)
    expect(xml).toContain(`Destination="${ACS}"`)
    const { profile } = await saml.validatePostResponseAsync(form)
    expect(profile).toMatchObject({ nameID: 'bo@acme.example', groups: ['a', 'b'] })
  })

  it('encrypts for whoever it is told to', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    // The certificate is only named in the answer.
    await provider.configure({
      signs: 'assertion',
      encryptFor: { certificate: await provider.certificate(), publicKey },
    })
    const saml = await serviceProvider({ decryptionPvk: privateKey })
    const form = await ask(saml)
    expect(Buffer.from(form.SAMLResponse, 'base64').toString()).toContain('EncryptedAssertion')
    expect((await saml.validatePostResponseAsync(form)).profile).toMatchObject({ nameID: 'bo@acme.example' })
    await provider.configure({ encryptFor: null })
  })

  it('signs with a new key when it is told to, and says so in its metadata', async () => {
    const before = await serviceProvider()
    await provider.renewKey()
    await expect(before.validatePostResponseAsync(await ask(before))).rejects.toThrow('Invalid signature')
    const after = await serviceProvider()
    expect((await after.validatePostResponseAsync(await ask(after))).profile).not.toBeNull()
    const metadata = await (await fetch(provider.metadataUrl)).text()
    expect(metadata.replace(/\s/g, '')).toContain(await provider.certificate())
    expect(metadata).toContain(`entityID="${provider.entityId}"`)
  })
})
