import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { OPERATION_IDS } from './operation-ids.ts'

const VERBS =
  'accept activate add answer ask assign begin cancel change check clear complete confirm create deactivate delete disable discover download enable end enforce erase evaluate exchange expire export find follow get give grant import inspect introspect invite issue leave list lock log mail notify open place reactivate record recover refresh regenerate register release remove rename renew replace report request requeue resend reset restore revert revoke rotate search send set show sign start step subscribe suspend test touch transfer unassign unlock unsuspend update validate verify withdraw'.split(
    ' ',
  )

/** What a path or a declaration is made of, and no method of a client. */
const PATH_WORDS = /By[A-Z]|(Alias|Post|Put|Patch|Api|V1)([A-Z]|$)|\d|_/

const routes = listRoutes()

describe('the id of an operation', () => {
  it('begins with a verb, in camel case, and has no words of a path', () => {
    const ids = routes.map(({ spec }) => spec.id)
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)*$/.test(id))).toEqual([])
    expect(ids.filter((id) => !VERBS.includes(id.match(/^[a-z]+/)?.[0] ?? ''))).toEqual([])
    expect(ids.filter((id) => PATH_WORDS.test(id))).toEqual([])
  })

  it('is that of one operation in all documents', () => {
    const ids = routes.map(({ spec }) => spec.id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  it('is the published one', () => {
    const published = Object.fromEntries(routes.map(({ method, path, spec }) => [`${method} ${path}`, spec.id]))
    expect(published).toEqual(OPERATION_IDS)
  })
})
