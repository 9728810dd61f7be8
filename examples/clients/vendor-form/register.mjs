// Posts the form of a new vendor as axios does, signs the vendor in, and calls a protected route:
//   PASSWORD=… node examples/clients/vendor-form/register.mjs [--multipart] name=… email=… [description=…] [rating=…]
// The service is POSTERN, http://127.0.0.1:8787 when it is not set.
import axios, { isAxiosError } from 'axios'

const args = process.argv.slice(2)
const isMultipart = args.includes('--multipart')
const given = args
  .filter((arg) => arg.includes('='))
  .map((arg) => [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)])
const fields = { ...Object.fromEntries(given), password: process.env.PASSWORD ?? '' }

const service = axios.create({ baseURL: process.env.POSTERN ?? 'http://127.0.0.1:8787', proxy: false })

/** What a browser sends of a form: URL-encoded, or multipart when it is told so. Numbers are text in both. */
const submit = () =>
  isMultipart
    ? service.postForm('/vendor/register_vendor', fields)
    : service.post('/vendor/register_vendor', new URLSearchParams(fields))

/** FastAPI's `detail`: a text, or a list of what is wrong with fields. */
const describe = (detail) =>
  Array.isArray(detail) ? detail.map(({ loc, msg }) => `${loc.at(-1)}: ${msg}`).join('\n') : String(detail)

try {
  const vendor = await submit()
  console.log('registered', JSON.stringify(vendor.data))
  const { email, password } = fields
  const login = await service.post('/vendor/login', { email, password })
  const headers = { Authorization: `Bearer ${login.data.access_token}` }
  const { data } = await service.get('/protected', { headers })
  console.log(`signed in as ${data.user}`)
} catch (cause) {
  if (!isAxiosError(cause) || !cause.response) throw cause
  console.error(`${cause.response.status} ${describe(cause.response.data.detail)}`)
  process.exit(1)
}
