// In JavaScript, with types of its own: the package's refer to the browser's, which contradict the runtime's.
export const loadNodeSaml = () => import('@node-saml/node-saml')
