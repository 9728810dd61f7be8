import { signInOrThrowErrors } from '../../../features/sign-in/service/sign-in.ts'
import { registerAccount, signUpErrors } from '../../../features/sign-in/service/sign-up.ts'
import { ok } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { signInVendor } from '../service/vendors.ts'
import { LoginToken, loginToWire } from '../wire/sessions.ts'
import {
  toVendorRegistration,
  unseenVendorToWire,
  VendorCreate,
  VendorLogin,
  VendorResponse,
  vendorToWire,
} from '../wire/vendors.ts'
import { createRenderer, WRONG_CREDENTIALS } from '../wording.ts'

export const vendorRoutes = createRoutes({
  prefix: '/vendor',
  tag: 'vendors',
  renderError: createRenderer(WRONG_CREDENTIALS),
})

vendorRoutes.post(
  '/register_vendor',
  {
    id: 'registerVendor',
    summary: 'Register a new vendor: a user with the role vendor',
    guard: anyone,
    body: VendorCreate,
    encoding: 'json-or-form',
    answer: ok(VendorResponse, 'The new vendor; it is not signed in'),
    errors: signUpErrors,
  },
  async ({ ctx, body }) => {
    const vendor = await registerAccount(ctx, toVendorRegistration(body))
    return vendor ? vendorToWire(vendor) : unseenVendorToWire(body)
  },
)

vendorRoutes.post(
  '/login',
  {
    id: 'signInVendor',
    summary: 'Sign in as a vendor',
    guard: anyone,
    body: VendorLogin,
    answer: ok(LoginToken, 'A session'),
    errors: signInOrThrowErrors,
  },
  async ({ ctx, body }) => loginToWire(await signInVendor(ctx, body)),
)
