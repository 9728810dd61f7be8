// Runs in the browser, as a file of its own: the page's policy allows no inline script.
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  // The default sends the document to an outside host.
  validatorUrl: null,
})
