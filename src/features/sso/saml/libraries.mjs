// In JavaScript, with types of its own: the packages' refer to the browser's, which contradict the runtime's.
export const loadParser = () => import('@xmldom/xmldom')
export const loadSignatures = () => import('xml-crypto')
