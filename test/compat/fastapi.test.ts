import { beforeAll, describe, expect, it } from 'vitest'
import { makeAdmin, type SignedInUser, signUpUser } from '../support/users.ts'
import { answerOf, app, call } from './support/requests.ts'

const NOT_INTEGER = ['Input should be a valid integer, unable to parse string as an integer', 'int_parsing']
const NOT_TEXT = ['Input should be a valid string', 'string_type']

describe('a field that is wrong, in the words of Pydantic', () => {
  let user: SignedInUser

  beforeAll(async () => {
    user = await signUpUser(app)
  })

  const expectIssue = async (answer: Promise<Response>, loc: (string | number)[], [msg, type]: readonly string[]) => {
    const [status, { detail }] = await answerOf(answer)
    expect(status).toBe(422)
    expect(detail).toContainEqual({ loc, msg, type })
    const named = (detail as { loc: unknown }[]).filter((issue) => JSON.stringify(issue.loc) === JSON.stringify(loc))
    expect(named).toHaveLength(1)
  }

  it.each([
    ['username', undefined, ['Field required', 'missing']],
    ['username', 1, NOT_TEXT],
    ['username', null, NOT_TEXT],
    ['username', [], NOT_TEXT],
    [
      'username',
      'a b',
      ['Value error, must have 3 to 50 letters, digits, - or _, and not digits alone', 'value_error'],
    ],
    ['email', 'nobody', ['value is not a valid email address', 'value_error']],
    ['password', [], NOT_TEXT],
    ['password', 'short', ['String should have at least 8 characters', 'string_too_short']],
    ['password', 'x'.repeat(129), ['String should have at most 128 characters', 'string_too_long']],
    ['preferences', 'x'.repeat(10_001), ['String should have at most 10000 characters', 'string_too_long']],
    ['preferences', {}, NOT_TEXT],
  ])('of a body: %s %j', async (field, value, words) => {
    await expectIssue(call('POST', '/auth/register', { body: { [field]: value } }), ['body', field], words)
  })

  it.each([
    ['/auth/token-refresh', 'refresh_token', '', ['String should have at least 1 character', 'string_too_short']],
    ['/vendor/register_vendor', 'name', ' ', ['String should have at least 1 character', 'string_too_short']],
    ['/vendor/register_vendor', 'rating', [], ['Input should be a valid number', 'float_type']],
    [
      '/vendor/register_vendor',
      'rating',
      'x',
      ['Input should be a valid number, unable to parse string as a number', 'float_parsing'],
    ],
  ])('of a body: %s %s %j', async (path, field, value, words) => {
    await expectIssue(call('POST', path, { body: { [field]: value } }), ['body', field], words)
  })

  it.each([[[]], ['x'], [5]])('of what is no object: %j', async (body) => {
    const model = ['Input should be a valid dictionary or object to extract fields from', 'model_attributes_type']
    for (const path of ['/auth/register', '/auth/login', '/users/register'])
      await expectIssue(call('POST', path, { body }), ['body'], model)
    const words = ['Input should be a valid dictionary', 'dict_type']
    await expectIssue(call('POST', '/chatbot/interact', { headers: user.headers, body }), ['body'], words)
  })

  it('of a body that is null', async () => {
    await expectIssue(call('POST', '/auth/register', { body: null }), ['body'], ['Field required', 'missing'])
  })

  it.each([
    ['username', '', ['Field required', 'missing']],
    ['password', '', ['Field required', 'missing']],
    ['grant_type', 'refresh_token', ["String should match pattern '^password$'", 'string_pattern_mismatch']],
  ])('of the form of a sign-in: %s %j', async (field, value, words) => {
    const form = { username: 'ada', password: 'x', [field]: value }
    await expectIssue(call('POST', '/token', { form }), ['body', field], words)
  })

  it.each([
    ['x', NOT_INTEGER],
    ['1.5', NOT_INTEGER],
    ['0', ['Input should be greater than or equal to 1', 'greater_than_equal']],
    ['-1', ['Input should be greater than or equal to 1', 'greater_than_equal']],
    ['9'.repeat(16), NOT_INTEGER],
  ])('of a path: %s', async (id, words) => {
    const { headers } = user
    await expectIssue(call('DELETE', `/auth/sessions/${id}`, { headers }), ['path', 'session_id'], words)
  })

  it('of a query', async () => {
    const { headers } = await makeAdmin(app)
    const ask = (query: string) => call('GET', `/admin/users?${query}`, { headers })
    await expectIssue(ask('skip=x'), ['query', 'skip'], NOT_INTEGER)
    await expectIssue(ask('skip=1&skip=2'), ['query', 'skip'], NOT_INTEGER)
    const words = ['Input should be less than or equal to 1000', 'less_than_equal']
    await expectIssue(ask('limit=1001'), ['query', 'limit'], words)
  })
})
