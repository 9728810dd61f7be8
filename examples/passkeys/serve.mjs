// Serves the page beside it where browsers allow passkeys without TLS, on localhost:
//   node examples/passkeys/serve.mjs [port]
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'

const [port = '8080'] = process.argv.slice(2)
const page = await readFile(new URL('index.html', import.meta.url))

const server = createServer((_request, response) => {
  response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page)
})
server.listen(Number(port), 'localhost', () => console.log(`http://localhost:${server.address().port}`))
