// What generate-docs.mjs reads of the service: the entry of the bundle that it makes for Node.
export { listApis } from '../src/app.ts'
export { describeApi } from '../src/http/openapi.ts'
export { statusOf } from '../src/http/render-error.ts'
export { listErrorDefinitions } from '../src/lib/errors.ts'
