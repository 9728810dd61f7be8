export { deleteHeld } from '../store.ts'
