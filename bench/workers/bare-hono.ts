import { Hono } from 'hono'

// The yardstick: the least that a Worker can do and still answer through a router.
const app = new Hono()
const answer = { valid: true, userId: 1, username: 'mallory', role: 'user', expirationTime: 0, errorMessage: null }

app.all('/validate', (c) => c.json(answer))

// What a check by POST cannot do without.
app.post('/validate/read', async (c) => {
  await c.req.json()
  return c.json(answer)
})

// As large as the page with which a sign-in begins.
const page = `<!doctype html><title>Sign in</title><form method="post">${'<input name="login">'.repeat(120)}</form>`

app.get('/sign-in', (c) => c.html(page))

export default app
