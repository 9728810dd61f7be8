import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../../config.ts'

export class EventHub extends DurableObject<Env> {
  async ping(): Promise<'ok'> {
    return 'ok'
  }
}
