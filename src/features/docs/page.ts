import type { Api } from '../../http/openapi.ts'
import { type Html, html } from '../../lib/html.ts'

/** Allows only this host, and nothing inline. `data:` is for Swagger UI's icons. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const optionOf = ({ path, title }: Api): Html => html`<option value="${path}">${title}</option>`

/** The API reference, with a choice between the documents. */
export const apiReferencePage = (apis: readonly Api[]): string =>
  html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Postern API</title>
    <link rel="stylesheet" href="/swagger-ui/swagger-ui.css">
    <link rel="stylesheet" href="/swagger-ui/api-reference.css">
    <link rel="icon" type="image/png" href="/swagger-ui/favicon-32x32.png">
  </head>
  <body>
    <header>
      <label for="api">API</label>
      <select id="api">${apis.reduce((options, api) => html`${options}${optionOf(api)}`, html``)}</select>
    </header>
    <div id="reference"></div>
    <script src="/swagger-ui/swagger-ui-bundle.js"></script>
    <script src="/swagger-ui/api-reference.js"></script>
  </body>
</html>
`.text
