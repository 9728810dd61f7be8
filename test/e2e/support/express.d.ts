/** What the tests use of Express, which brings no types. */
declare module 'express' {
  import type { RequestListener } from 'node:http'

  interface Application extends RequestListener {
    use(path: string, handler: RequestListener): Application
    use(handler: RequestListener): Application
  }

  export default function express(): Application
}
