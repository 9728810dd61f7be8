import { expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import entra from './directories/entra.json'
import okta from './directories/okta.json'
import { connect } from './support.ts'

const app = createTestApp()

interface DocumentedRequest {
  readonly line: string
  readonly method: string
  readonly path: string
  readonly body?: object
  readonly status: number
  /** The id of the answer is this in later requests. */
  readonly saves?: string
  readonly answer?: object
  readonly absent?: readonly string[]
}

/** The requests that the documents of directories show, in their order. */
it.each([
  ['Okta', okta.requests],
  ['Entra', entra.requests],
] as const)('%s is answered as it expects', async (_, requests: readonly DocumentedRequest[]) => {
  const directory = await connect(app)
  const names = new Map([['domain', directory.domain]])
  const filled = <T>(value: T): T =>
    value === undefined
      ? value
      : JSON.parse(JSON.stringify(value).replaceAll(/\{(\w+)\}/g, (all, name) => names.get(name) ?? all))
  for (const { line, method, path, body, status, saves, answer, absent = [] } of requests) {
    const given = await directory.call(method, filled(path), body && { body: filled(body) })
    expect([line, given.status, given.body]).toEqual([line, status, answer ? expect.anything() : given.body])
    if (saves) names.set(saves, given.body.id)
    if (answer) expect(given.body, line).toMatchObject(filled(answer))
    for (const name of absent) expect(given.body, line).not.toHaveProperty(name)
  }
})
