// Passkeys on a page: one from the field itself where the browser can, and one by its button. One request is pending at a time.
const form = document.querySelector('form.passkey')
const button = form?.querySelector('button')
const problem = form?.querySelector('.problem')
const RENEWED_AFTER_MS = 4 * 60 * 1000
let pending = null

async function askOptions() {
  const answer = await fetch('/api/v1/passkeys/authenticate/begin', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mfa_token: form.elements.mfa_token?.value ?? null }),
    credentials: 'omit',
  })
  if (!answer.ok) throw new Error('no options')
  return answer.json()
}

async function ask(mediation) {
  pending?.abort()
  const request = new AbortController()
  pending = request
  const { sessionId, ...options } = await askOptions()
  if (request.signal.aborted) return
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  const credential = await navigator.credentials.get({ publicKey, mediation, signal: request.signal })
  form.elements.ceremony.value = sessionId
  form.elements.credential.value = JSON.stringify(credential.toJSON())
  const remember = document.querySelector('#remember')
  if (remember && form.elements.remember) form.elements.remember.value = remember.checked ? 'yes' : ''
  form.submit()
}

async function offer() {
  if (!document.querySelector('input[autocomplete~="webauthn"]')) return
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
  const renewal = setTimeout(offer, RENEWED_AFTER_MS)
  try {
    await ask('conditional')
  } catch {
    // Nobody took the offer, or the button asks: the page works without it.
    clearTimeout(renewal)
  }
}

if (form && globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  form.hidden = false
  button.addEventListener('click', async () => {
    problem.hidden = true
    try {
      await ask('optional')
    } catch {
      problem.hidden = false
      problem.focus()
      offer()
    }
  })
  offer()
}
