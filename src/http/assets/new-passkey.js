// Makes a passkey on the page that offers it.
const form = document.querySelector('form.passkey')
const button = form?.querySelector('button')
const problem = form?.querySelector('.problem')

if (form && globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON) {
  form.hidden = false
  button.addEventListener('click', async () => {
    problem.hidden = true
    try {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.options))
      const credential = await navigator.credentials.create({ publicKey })
      form.elements.credential.value = JSON.stringify(credential.toJSON())
      form.submit()
    } catch {
      problem.hidden = false
      problem.focus()
    }
  })
}
