import { DurableObject } from 'cloudflare:workers'

// What no refresh can do without: a row of D1 by its key, an object that reads and writes in a transaction, a signature.
export class Rotation extends DurableObject {
  constructor(state: DurableObjectState, env: unknown) {
    super(state, env as never)
    state.storage.sql.exec('create table if not exists turns (id integer primary key, turn integer not null)')
  }

  last(): number {
    const [last] = this.ctx.storage.sql.exec<{ turn: number }>('select turn from turns where id = 1').toArray()
    return last?.turn ?? 0
  }

  turn(): number {
    const { sql } = this.ctx.storage
    return this.ctx.storage.transactionSync(() => {
      const [last] = sql.exec<{ turn: number }>('select turn from turns where id = 1').toArray()
      sql.exec(
        'insert into turns values (1, ?) on conflict (id) do update set turn = excluded.turn',
        (last?.turn ?? 0) + 1,
      )
      return last?.turn ?? 0
    })
  }
}

interface Env {
  readonly DB: D1Database
  readonly ROTATION: DurableObjectNamespace<Rotation>
}

const RS256 = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}
let pair: Promise<CryptoKeyPair> | undefined

export default {
  async fetch(request, { DB, ROTATION }) {
    const { pathname } = new URL(request.url)
    if (pathname === '/prepare') {
      await DB.batch([
        DB.prepare('create table users (id text primary key, name text)'),
        DB.prepare("insert into users values ('1', 'x')"),
      ])
      return new Response()
    }
    // The least that a page of somebody's account does: it asks that person's object.
    if (pathname === '/object') return Response.json({ last: await ROTATION.getByName('one').last() })
    // The least that an evaluation of policies does: it reads its question, and a row.
    if (pathname === '/row') {
      const { user } = await request.json<{ user: string }>()
      return Response.json({ row: await DB.prepare('select * from users where id = ?').bind(user).first() })
    }
    pair ??= crypto.subtle.generateKey(RS256, false, ['sign', 'verify']) as Promise<CryptoKeyPair>
    const { privateKey } = await pair
    const user = await DB.prepare('select * from users where id = ?').bind('1').first()
    const turn = await ROTATION.getByName(pathname).turn()
    const signature = await crypto.subtle.sign(
      RS256,
      privateKey,
      new TextEncoder().encode(JSON.stringify({ user, turn })),
    )
    return Response.json({ signature: btoa(String.fromCharCode(...new Uint8Array(signature))) })
  },
} satisfies ExportedHandler<Env>
