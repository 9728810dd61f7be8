import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { createOpenRoutes } from '../../src/http/routing.ts'
import { createTestApp } from '../support/app.ts'

const find = createOpenRoutes(listRoutes())
const found = (method: string, path: string) => find(method, new URL(path, 'http://127.0.0.1').pathname)?.path

describe('an open route', () => {
  it.each([
    ['GET', '/validate'],
    ['GET', '/validate?role=admin'],
    ['POST', '/validate'],
    ['POST', '/api/v1/auth/validate'],
    ['GET', '/.well-known/jwks.json'],
    ['GET', '/liveness'],
  ])('is found without the router: %s %s', (method, path) => {
    expect(found(method, path)).toBe(path.split('?', 1)[0])
  })

  it.each([
    ['a caller to identify', 'GET', '/api/v1/health/detailed'],
    ['a limit', 'POST', '/api/v1/auth/signin'],
    ['a parameter', 'GET', '/swagger-ui/index.css'],
    ['local mode alone', 'GET', '/dev/mailbox'],
    ['another method', 'DELETE', '/validate'],
    ['another spelling', 'GET', '/liveness/'],
  ])('is none that has %s', (_, method, path) => {
    expect(found(method, path)).toBeUndefined()
  })

  it('answers as the router does: the headers of every answer, once each', async () => {
    const app = createTestApp()
    const [open, routed] = await Promise.all([app.fetch('/liveness'), app.fetch('/liveness/')])
    const names = (answer: Response) => [...answer.headers.keys()].sort()
    expect(names(open)).toEqual(names(routed))
    expect(await open.json()).toEqual(await routed.json())
  })
})
