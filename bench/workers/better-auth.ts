import { serveBetterAuth } from './serve-better-auth.ts'

export default serveBetterAuth()
