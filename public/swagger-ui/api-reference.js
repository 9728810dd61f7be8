// Runs in the browser, as a file of its own: the page's policy allows no inline script.
const STORED = 'postern.authorized'

const choice = document.querySelector('#api')
const asked = new URLSearchParams(location.search).get('api')
// Only documents that the page offers: an address from elsewhere would be another host's to describe.
if ([...choice.options].some(({ value }) => value === asked)) choice.value = asked
choice.addEventListener('change', () => location.assign(`?api=${encodeURIComponent(choice.value)}`))

/** Access tokens outlive a reload, not the tab; the secret of a client is typed again. */
function store({ authSelectors }) {
  const given = Object.entries(authSelectors.authorized().toJS())
  const tokens = given.filter(([, { schema }]) => schema.scheme === 'bearer')
  sessionStorage.setItem(STORED, JSON.stringify(Object.fromEntries(tokens)))
}

const storing = (change, system) => (input) => {
  change(input)
  store(system)
}

const keepTokens = () => ({ statePlugins: { auth: { wrapActions: { authorize: storing, logout: storing } } } })

/** Swagger UI's own filter knows the names of tags alone. */
const findOperations = () => ({
  fn: {
    opsFilter: (tags, phrase) => {
      const wanted = phrase.toLowerCase()
      const isWanted = (operation) =>
        [operation.get('path'), ...['operationId', 'summary'].map((key) => operation.getIn(['operation', key]))].some(
          (text) => text?.toLowerCase().includes(wanted),
        )
      return tags
        .map((tag, name) =>
          name.includes(wanted) ? tag : tag.update('operations', (operations) => operations.filter(isWanted)),
        )
        .filter((tag) => tag.get('operations').size > 0)
    },
  },
})

function inline(node, document) {
  if (typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) return node.map((item) => inline(item, document))
  if (typeof node.$ref === 'string')
    return { ...inline(nodeAt(document, node.$ref.split('/').slice(1)), document), $$ref: node.$ref }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, inline(value, document)]))
}

const nodeAt = (document, path) => path.reduce((node, key) => node?.[key], document)

/**
 * Our documents refer to their own components alone, and to none that contains itself: Swagger UI's resolver for all
 * documents takes many seconds for one of ours.
 */
const resolveLocally = () => ({
  fn: {
    resolveSubtree: async (document, path) => ({ spec: inline(nodeAt(document, path), document), errors: [] }),
  },
})

const ui = SwaggerUIBundle({
  url: choice.value,
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  plugins: [keepTokens, findOperations, resolveLocally],
  // The default sends the document to an outside host.
  validatorUrl: null,
  onComplete: () => {
    const stored = sessionStorage.getItem(STORED)
    if (stored) ui.authActions.restoreAuthorization({ authorized: JSON.parse(stored) })
  },
})
