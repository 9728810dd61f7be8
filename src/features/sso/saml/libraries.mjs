// In JavaScript, with types of its own: the packages' refer to the browser's, which contradict the runtime's.
// They are CommonJS: `default` is what every bundler gives of them.
export const loadParser = async () => (await import('@xmldom/xmldom')).default
export const loadSignatures = async () => (await import('xml-crypto')).default
