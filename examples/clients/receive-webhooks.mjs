// Receives webhooks on this machine, and says which are genuine:
//   WHSEC=<whsec of the endpoint> node examples/clients/receive-webhooks.mjs [port]
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

const [port = '9998'] = process.argv.slice(2)
const webhook = new Webhook(process.env.WHSEC ?? '')
const MAX_BYTES = 8 * 1024 * 1024

createServer(async (request, response) => {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BYTES) return request.destroy()
    chunks.push(chunk)
  }
  try {
    // Over the exact bytes; throws when the signature is not ours or older than five minutes.
    const event = webhook.verify(Buffer.concat(chunks).toString(), request.headers)
    response.end()
    console.log(`verified ${event.type} number ${event.seq} of ${event.subject}`)
  } catch (cause) {
    response.writeHead(401).end()
    console.log(`refused: ${cause.message}`)
  }
}).listen(Number(port), '127.0.0.1', () => console.log('listening'))
