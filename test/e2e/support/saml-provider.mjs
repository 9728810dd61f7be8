// `samlp` as an identity provider: a program of its own, for it has no types. Settings are JSON in its first argument.
import express from 'express'
import samlp from 'samlp'
import { makeKey } from '../../support/saml/keys.ts'

const { port, entityId } = JSON.parse(process.argv[2])
const pem = (certificate) =>
  `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, (line) => `${line}\n`)}\n-----END CERTIFICATE-----\n`
const newKey = () => makeKey('rsa', { notBefore: Date.now() - 60_000, notAfter: Date.now() + 365 * 86_400_000 })

let key = newKey()
/** What of an answer is signed, whom it names, and for which certificate its assertion is encrypted. */
let settings = {
  signs: 'assertion',
  account: { nameId: 'ada@acme.example', attributes: { email: 'ada@acme.example' } },
  encryptFor: null,
}

const profileMapper = ({ nameId, attributes }) => ({
  getClaims: () => attributes,
  getNameIdentifier: () => ({
    nameIdentifier: nameId,
    nameIdentifierFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  }),
})

const encryption = (recipient) =>
  recipient && {
    encryptionCert: pem(recipient.certificate),
    encryptionPublicKey: recipient.publicKey,
    encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  }

const app = express()
app.post('/admin/settings', express.json({ type: () => true }), (request, response) => {
  settings = { ...settings, ...request.body }
  response.json(settings)
})
app.post('/admin/new-key', (_request, response) => {
  key = newKey()
  response.json({ certificate: key.certificate })
})
app.get('/certificate', (_request, response) => response.send(key.certificate))
app.get('/metadata', (request, response, next) =>
  samlp.metadata({
    issuer: entityId,
    cert: pem(key.certificate),
    redirectEndpointPath: '/sso',
    postEndpointPath: '/sso',
  })(request, response, next),
)
app.get('/sso', (request, response, next) => {
  samlp.parseRequest(request, {}, (error, { assertionConsumerServiceURL: acsUrl } = {}) => {
    if (error || !acsUrl) return response.status(400).send('no good request')
    const answer = samlp.auth({
      issuer: entityId,
      cert: pem(key.certificate),
      key: key.privateKey,
      // Without these, samlp writes the audience there.
      destination: acsUrl,
      recipient: acsUrl,
      signAssertion: settings.signs !== 'response',
      signResponse: settings.signs !== 'assertion',
      sessionIndex: '_session',
      profileMapper,
      getUserFromRequest: () => settings.account,
      getPostURL: (_audience, _request, _http, done) => done(null, acsUrl),
      ...encryption(settings.encryptFor),
    })
    return answer(request, response, next)
  })
})
app.listen(port, '127.0.0.1', () => process.stdout.write('listens\n'))
