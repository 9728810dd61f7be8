import { createErrorRenderer } from '../../../http/render-error.ts'

/** users-api documents these two by their words, and shares its paths with Janua, whose clients read `message`. */
export const renderUserError = createErrorRenderer(({ kind }) => {
  if (kind === 'unauthenticated') return { detail: 'Invalid authentication credentials' }
  if (kind === 'not_found') return { detail: 'Resource not found' }
  return {}
})
