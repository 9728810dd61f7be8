import { env } from 'cloudflare:workers'
import { type ExpectedAnswer, openAnswer, readAnswer } from '../../src/features/sso/saml/read-answer.ts'

// Postern's steps of a SAML answer, and nothing else of its ACS: what stands beside a library.
const expected = JSON.parse((env as unknown as { readonly EXPECTED: string }).EXPECTED) as ExpectedAnswer

export default {
  async fetch(request) {
    const form = new URLSearchParams(await request.text())
    const opened = await openAnswer(form.get('SAMLResponse') ?? '')
    const read = 'refused' in opened ? opened : readAnswer(opened, expected)
    return 'refused' in read
      ? new Response(read.refused, { status: 401 })
      : Response.json({ name: read.person.nameId, attributes: Object.fromEntries(read.person.attributes) })
  },
} satisfies ExportedHandler
