// `samlp` as an identity provider: a program of its own, for it has no types. Settings are JSON in its first argument.
import express from 'express'
import samlp from 'samlp'
import SessionParticipants from 'samlp/lib/sessionParticipants/index.js'
import { makeKey } from '../../support/saml/keys.ts'

const { port, entityId } = JSON.parse(process.argv[2])
const pem = (certificate) =>
  `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, (line) => `${line}\n`)}\n-----END CERTIFICATE-----\n`
const newKey = () => makeKey('rsa', { notBefore: Date.now() - 60_000, notAfter: Date.now() + 365 * 86_400_000 })

let key = newKey()
/** What of an answer is signed, whom it names, for which certificate its assertion is encrypted, and who is told of a logout. */
let settings = {
  signs: 'assertion',
  account: { nameId: 'ada@acme.example', attributes: { email: 'ada@acme.example' } },
  encryptFor: null,
  service: null,
}
const SESSION = '_session'
const EMAIL_ADDRESS = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'

const profileMapper = ({ nameId, attributes }) => ({
  getClaims: () => attributes,
  getNameIdentifier: () => ({
    nameIdentifier: nameId,
    nameIdentifierFormat: EMAIL_ADDRESS,
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
    logoutEndpointPaths: { redirect: '/logout' },
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
      sessionIndex: SESSION,
      profileMapper,
      getUserFromRequest: () => settings.account,
      getPostURL: (_audience, _request, _http, done) => done(null, acsUrl),
      ...encryption(settings.encryptFor),
    })
    return answer(request, response, next)
  })
})

/** The sessions that this provider knows: one of the account at the service. It holds whoever signs to the service's certificate. */
const signedIn = () => {
  const { entityId: serviceProviderId, sloUrl: serviceProviderLogoutURL, certificate } = settings.service
  const { nameId } = settings.account
  const participant = { serviceProviderId, serviceProviderLogoutURL, nameId, nameIdFormat: EMAIL_ADDRESS }
  return new SessionParticipants([{ ...participant, sessionIndex: SESSION, cert: pem(certificate) }])
}

const states = new Map()
const store = {
  save: (_request, state, done) => {
    const id = crypto.randomUUID()
    states.set(id, state)
    done(null, id)
  },
  load: (_request, id, ...rest) => rest.at(-1)(null, states.get(id)),
  update: (_request, id, state, done) => {
    states.set(id, state)
    done(null)
  },
}
let sessionParticipants
// A logout begins here by a page that has no message, and at the service by its request.
app.get('/logout', express.urlencoded({ extended: false }), (request, response, next) => {
  request.body ??= {}
  if (!('SAMLResponse' in request.query)) sessionParticipants = signedIn()
  const logout = samlp.logout({
    issuer: entityId,
    cert: pem(key.certificate),
    key: key.privateKey,
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
    deflate: true,
    protocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
    sessionParticipants,
    store,
  })
  return logout(request, response, next)
})
app.listen(port, '127.0.0.1', () => process.stdout.write('listens\n'))
