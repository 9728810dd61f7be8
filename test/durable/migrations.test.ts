import { describe, expect, it } from 'vitest'
import { applyMigrations } from '../../src/durable/migrations.ts'
import { freshAuthority } from './user-authority/support.ts'

const FIRST = 'create table m_one (id integer primary key)'
const SECOND = 'create table m_two (id integer primary key)'

describe('migrations of an object', () => {
  it('run each step once, and new ones once they are appended', async () => {
    const { inside } = await freshAuthority()
    await inside((_, { storage }) => {
      applyMigrations(storage, { part: [FIRST] })
      applyMigrations(storage, { part: [FIRST, SECOND] })
      expect(storage.sql.exec('select * from m_one union select * from m_two').toArray()).toEqual([])
    })
  })

  it('let parts change independently', async () => {
    const { inside } = await freshAuthority()
    await inside((_, { storage }) => {
      applyMigrations(storage, { left: [FIRST], right: [SECOND] })
      applyMigrations(storage, { left: [FIRST, 'alter table m_one add column more'], right: [SECOND] })
      expect(storage.sql.exec('select more from m_one').toArray()).toEqual([])
    })
  })

  it('throw when an applied step was edited or moved', async () => {
    const { inside } = await freshAuthority()
    await inside((_, { storage }) => {
      applyMigrations(storage, { part: [FIRST, SECOND] })
      expect(() => applyMigrations(storage, { part: [`${FIRST} strict`, SECOND] })).toThrow('part/0')
      expect(() => applyMigrations(storage, { part: [SECOND, FIRST] })).toThrow('part/0')
    })
  })

  it('change nothing when a step fails', async () => {
    const { inside } = await freshAuthority()
    await inside((_, { storage }) => {
      expect(() => applyMigrations(storage, { part: [FIRST, 'create nonsense'] })).toThrow()
      applyMigrations(storage, { part: [FIRST] })
    })
  })

  it('accept an object that a newer release has migrated further', async () => {
    const { inside } = await freshAuthority()
    await inside((_, { storage }) => {
      applyMigrations(storage, { part: [FIRST, SECOND] })
      expect(() => applyMigrations(storage, { part: [FIRST] })).not.toThrow()
    })
  })
})
