export { revokeUnanswered } from './store.ts'
