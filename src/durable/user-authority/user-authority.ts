import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../../config.ts'

export class UserAuthority extends DurableObject<Env> {
  async ping(): Promise<'ok'> {
    return 'ok'
  }
}
