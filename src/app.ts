import { authService } from './compat/auth-service/surface.ts'
import { gatewayAuth } from './compat/gateway-auth/surface.ts'
import { janux } from './compat/janux/surface.ts'
import type { Surface } from './compat/surface.ts'
import { usersApi } from './compat/users-api/surface.ts'
import { type Config, SURFACES, type SurfaceName } from './config.ts'
import { userDirectoryRoutes } from './features/account/routes/directory.ts'
import { activityRoutes, ownAccountRoutes } from './features/account/routes/own-account.ts'
import { passkeyRoutes } from './features/account/routes/passkeys.ts'
import { mfaRoutes } from './features/account/routes/second-factor.ts'
import { avatarRoutes, createAccountDeletionRoutes, userAccountRoutes } from './features/account/routes/users.ts'
import { adminStateRoutes } from './features/admin/routes/states.ts'
import { adminSystemRoutes } from './features/admin/routes/system.ts'
import { adminRegisterRoutes, adminUserRoutes, createDeletionRoutes } from './features/admin/routes/users.ts'
import { auditChainRoutes } from './features/audit/routes/chain.ts'
import { activityLogRoutes, auditRecordRoutes, auditRoutes } from './features/audit/routes/records.ts'
import { clientRoutes } from './features/clients/routes.ts'
import { complianceRoutes } from './features/compliance/routes.ts'
import { nativeApi, systemApi } from './features/docs/apis.ts'
import { withLanding } from './features/docs/landing.tsx'
import { createDocsRoutes, rootRoutes } from './features/docs/routes.ts'
import { deadLetterRoutes } from './features/events/routes.ts'
import { providerEmailPages } from './features/federation/routes/pages.ts'
import { socialRoutes } from './features/federation/routes/social.ts'
import { healthRoutes } from './features/health/routes.ts'
import { invitationRoutes } from './features/invitations/routes/invitations.ts'
import { organizationInvitationRoutes } from './features/invitations/routes/organizations.ts'
import { keysRoutes } from './features/keys/routes.ts'
import { localizationRoutes } from './features/localization/routes.ts'
import { mailRoutes } from './features/mail/routes.ts'
import { oauthRoutes } from './features/oauth/routes.ts'
import { memberRoutes } from './features/organizations/routes/members.ts'
import {
  adminOrganizationRoutes,
  organizationRoutes,
  userOrganizationRoutes,
} from './features/organizations/routes/organizations.ts'
import { assetRoutes } from './features/pages/routes/assets.ts'
import { invitationPages } from './features/pages/routes/invitation.ts'
import { createAccountPages, keepBrowser } from './features/pages/routes/own-account.ts'
import { provedAddressPages } from './features/pages/routes/proved-address.ts'
import { renewPages } from './features/pages/routes/renew.ts'
import { signInPages } from './features/pages/routes/sign-in.ts'
import { signUpPages } from './features/pages/routes/sign-up.ts'
import { policyRoutes } from './features/policies/routes.ts'
import {
  createExportRoutes,
  createReleaseRoutes,
  privacyRoutes,
  unversionedExportRoutes,
} from './features/privacy/routes/privacy.ts'
import { recordErasure } from './features/privacy/service/requests.ts'
import { organizationRoleRoutes, roleRoutes, userPermissionRoutes } from './features/rbac/routes.ts'
import { directoryRoutes } from './features/scim/routes/administration.ts'
import { scimDiscoveryRoutes } from './features/scim/routes/discovery.ts'
import { scimGroupRoutes } from './features/scim/routes/groups.ts'
import { scimUserRoutes } from './features/scim/routes/users.ts'
import { sessionRoutes } from './features/sessions/routes.ts'
import { accountRecoveryRoutes, reportRoutes } from './features/sign-in/routes/account-recovery.ts'
import { magicLinkPages, magicLinkRoutes } from './features/sign-in/routes/magic-links.ts'
import { createVerificationPages, pageRoutes } from './features/sign-in/routes/pages.ts'
import { passkeySignInRoutes } from './features/sign-in/routes/passkeys.ts'
import { passwordRoutes } from './features/sign-in/routes/password.ts'
import { secondFactorRoutes } from './features/sign-in/routes/second-factor.ts'
import { authRoutes } from './features/sign-in/routes/sign-in.ts'
import { verificationRoutes } from './features/sign-in/routes/verification.ts'
import { eventRoutes } from './features/sockets/routes.ts'
import { configurationRoutes } from './features/sso/routes/configurations.ts'
import { domainRoutes } from './features/sso/routes/domains.ts'
import { ssoBackchannelRoutes, ssoLogoutRoutes } from './features/sso/routes/logout.ts'
import { ssoPolicyRoutes } from './features/sso/routes/policy.ts'
import { samlRoutes } from './features/sso/routes/saml.ts'
import { ssoSignInRoutes } from './features/sso/routes/sign-in.ts'
import { userImportRoutes } from './features/user-import/routes.ts'
import { validationRoutes } from './features/validation/routes.ts'
import { verifier } from './features/validation/verifier.ts'
import { webhookRoutes } from './features/webhooks/routes.ts'
import type { Api } from './http/openapi.ts'
import type { Route } from './http/router.ts'
import { createRouting } from './http/routing.ts'
import type { Routing } from './http/server.ts'
import { SECTIONS, USER_DATA } from './user-data.ts'

const docsRoutes = createDocsRoutes(listApis)
const accountDeletionRoutes = createAccountDeletionRoutes(recordErasure)
const deletionRoutes = createDeletionRoutes(USER_DATA)
const exportRoutes = createExportRoutes(SECTIONS)
const releaseRoutes = createReleaseRoutes(USER_DATA)
const accountPages = createAccountPages(SECTIONS)
const verificationPages = createVerificationPages(keepBrowser)

/** The documented systems: one folder and one line each. Core is mounted first, so what it has is not theirs to answer. */
const COMPAT: Partial<Readonly<Record<SurfaceName, Surface>>> = {
  janux,
  'auth-service': authService,
  'users-api': usersApi,
  'gateway-auth': gatewayAuth,
}

const listCoreRoutes = (): Route[] =>
  [
    healthRoutes,
    assetRoutes,
    docsRoutes,
    keysRoutes,
    authRoutes,
    secondFactorRoutes,
    mfaRoutes,
    verificationRoutes,
    passwordRoutes,
    ownAccountRoutes,
    accountRecoveryRoutes,
    verificationPages,
    pageRoutes,
    signInPages,
    provedAddressPages,
    signUpPages,
    accountPages,
    renewPages,
    activityRoutes,
    reportRoutes,
    magicLinkRoutes,
    magicLinkPages,
    oauthRoutes,
    socialRoutes,
    providerEmailPages,
    validationRoutes,
    passkeySignInRoutes,
    passkeyRoutes,
    sessionRoutes,
    userImportRoutes,
    userDirectoryRoutes,
    userAccountRoutes,
    accountDeletionRoutes,
    avatarRoutes,
    userPermissionRoutes,
    userOrganizationRoutes,
    invitationRoutes,
    invitationPages,
    organizationInvitationRoutes,
    organizationRoutes,
    memberRoutes,
    domainRoutes,
    configurationRoutes,
    ssoPolicyRoutes,
    ssoSignInRoutes,
    ssoLogoutRoutes,
    ssoBackchannelRoutes,
    directoryRoutes,
    scimDiscoveryRoutes,
    scimUserRoutes,
    scimGroupRoutes,
    samlRoutes,
    organizationRoleRoutes,
    roleRoutes,
    adminOrganizationRoutes,
    policyRoutes,
    clientRoutes,
    localizationRoutes,
    eventRoutes,
    webhookRoutes,
    mailRoutes,
    deadLetterRoutes,
    adminSystemRoutes,
    adminUserRoutes,
    deletionRoutes,
    adminStateRoutes,
    adminRegisterRoutes,
    activityLogRoutes,
    auditRoutes,
    auditChainRoutes,
    auditRecordRoutes,
    complianceRoutes,
    privacyRoutes,
    releaseRoutes,
    exportRoutes,
    unversionedExportRoutes,
  ].flatMap((routes) => routes.list)

/** Every route of the service with these surfaces. The first that matches answers: static paths stand before parameters. */
export function listRoutes(surfaces: readonly SurfaceName[] = SURFACES): Route[] {
  const mounted = surfaces.flatMap((name) => {
    const surface = COMPAT[name]
    return surface ? [{ name, ...surface, list: surface.routes.flatMap((routes) => routes.list) }] : []
  })
  const core = listCoreRoutes().map((coreRoute) => {
    const key = `${coreRoute.method} ${coreRoute.path}`
    const route = mounted.reduce((known, { adds }) => (adds?.[key] ? known.mapAnswers(adds[key]) : known), coreRoute)
    const hourly = mounted.flatMap(({ countsHourly }) => countsHourly?.(route) ?? [])
    const isHourly = (request: Request) => hourly.some((counts) => counts(request))
    return {
      ...route,
      spec: hourly.length > 0 ? { ...route.spec, isHourly } : route.spec,
      systems: mounted.filter((it) => it.documents.includes(key)).map((it) => it.name),
    }
  })
  // Two systems may document one path: then it is one route, in both lists.
  const own = [...new Set(mounted.flatMap(({ list }) => list))].map((route) => ({
    ...route,
    systems: mounted.filter(({ list }) => list.includes(route)).map(({ name }) => name),
  }))
  const root = own.some(isRoot) ? [] : rootRoutes.list
  return [...core, ...own, ...root].map((route) => (isRoot(route) ? withLanding(route, core) : route))
}

const isRoot = ({ method, path }: Route): boolean => method === 'GET' && path === '/'

/** What has an OpenAPI document: the native API, whatever systems stand beside it, and each of these systems. */
export function listApis(surfaces: readonly SurfaceName[] = SURFACES): Api[] {
  const routes = listRoutes(surfaces)
  return [
    nativeApi(listCoreRoutes()),
    ...surfaces.map((name) =>
      systemApi(
        name,
        routes.filter(({ systems }) => systems.includes(name)),
      ),
    ),
  ]
}

const routings = new WeakMap<Config, Routing>()

/** The routes of a configuration: its surfaces are known with the first request. */
export function routingOf(config: Config): Routing {
  const routing = routings.get(config) ?? createRouting({ routes: listRoutes(config.COMPAT), verifier })
  routings.set(config, routing)
  return routing
}
