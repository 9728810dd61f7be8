import { created, ok } from '../../../http/answers.ts'
import { Done, doneToWire } from '../../../http/done.ts'
import { scopedUser } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import {
  insufficientPermissions,
  organizationNotFound,
  rateLimited,
  ssoRequired,
  stepUpRequired,
} from '../../../lib/errors.ts'
import { organizationRequired } from '../../memberships/service.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import {
  configurationChanged,
  configurationExists,
  configurationNotFound,
  configurationRequired,
  providerUnsupported,
  ssoMetadataError,
  ssoValidationError,
} from '../errors.ts'
import { changeConfiguration } from '../service/configuration-changes.ts'
import {
  createConfiguration,
  getConfiguration,
  listConfigurations,
  removeConfiguration,
} from '../service/configurations.ts'
import { testConfiguration } from '../service/testing.ts'
import {
  ConfigurationBody,
  ConfigurationList,
  ConfigurationPath,
  ConfigurationShape,
  NewConfigurationBody,
  OrganizationQuery,
  TestBody,
  TestShape,
  toFields,
} from '../wire/configurations.ts'

export const configurationRoutes = createRoutes({ prefix: '/api/v1/sso', tag: 'sso', guard: scopedUser })

configurationRoutes.get(
  '/configurations',
  {
    id: 'listSsoConfigurations',
    summary: "The configuration of an organization's single sign-on, for its admins; all, for admins of the platform",
    query: OrganizationQuery,
    answer: ok(ConfigurationList, 'Configurations, without secrets'),
    errors: [organizationNotFound, insufficientPermissions, ssoRequired, stepUpRequired],
  },
  ({ ctx, query }) => listConfigurations(ctx, query.organization_id),
)

configurationRoutes.post(
  '/configurations',
  {
    id: 'createSsoConfiguration',
    summary: 'Configure single sign-on by OpenID Connect or SAML, for owners with a fresh factor',
    description:
      "The provider's metadata are read once, and again every day. Nobody signs in before the organization has verified a domain.",
    isWrite: everyCall,
    query: OrganizationQuery,
    body: NewConfigurationBody,
    answer: created(ConfigurationShape, 'The configuration'),
    errors: [
      organizationNotFound,
      organizationRequired,
      insufficientPermissions,
      providerUnsupported,
      configurationExists,
      ssoValidationError,
      ssoMetadataError,
      rateLimited,
      ...freshFactorErrors,
    ],
  },
  ({ ctx, query, body }) =>
    createConfiguration(ctx, {
      ...toFields(body),
      provider: body.provider,
      organizationId: query.organization_id ?? body.organization_id,
    }),
)

configurationRoutes.get(
  '/configurations/:config_id',
  {
    id: 'getSsoConfiguration',
    summary: "A configuration, by its id or its organization's, for admins of the organization",
    params: ConfigurationPath,
    answer: ok(ConfigurationShape, 'The configuration, without its secret'),
    errors: [configurationNotFound, insufficientPermissions, ssoRequired, stepUpRequired],
  },
  ({ ctx, params }) => getConfiguration(ctx, params.config_id),
)

configurationRoutes.put(
  '/configurations/:config_id',
  {
    id: 'updateSsoConfiguration',
    summary: 'Change a configuration: absent fields stay as they are',
    description:
      'What decides who signs in as whom is for owners with a fresh factor; the name, and which claims are the names of people, for admins too. Another issuer needs the secret anew.',
    isWrite: everyCall,
    params: ConfigurationPath,
    body: ConfigurationBody,
    answer: ok(ConfigurationShape, 'The configuration'),
    errors: [
      configurationNotFound,
      configurationRequired,
      insufficientPermissions,
      providerUnsupported,
      configurationChanged,
      ssoValidationError,
      ssoMetadataError,
      rateLimited,
      ...freshFactorErrors,
    ],
  },
  ({ ctx, params, body }) => changeConfiguration(ctx, params.config_id, toFields(body)),
)

configurationRoutes.delete(
  '/configurations/:config_id',
  {
    id: 'deleteSsoConfiguration',
    summary: 'Delete a configuration: nobody signs in through it any more',
    params: ConfigurationPath,
    answer: ok(Done),
    errors: [
      configurationNotFound,
      insufficientPermissions,
      configurationRequired,
      configurationChanged,
      ...freshFactorErrors,
    ],
  },
  async ({ ctx, params }) => {
    await removeConfiguration(ctx, params.config_id)
    return doneToWire('SSO configuration deleted')
  },
)

configurationRoutes.post(
  '/test',
  {
    id: 'testSsoConfiguration',
    summary: "Read the provider's metadata, and say what is missing; it signs nobody in",
    isWrite: everyCall,
    body: TestBody,
    answer: ok(TestShape, 'What was found'),
    errors: [configurationNotFound, insufficientPermissions, ssoRequired, stepUpRequired],
  },
  ({ ctx, body }) => testConfiguration(ctx, body.configuration_id),
)
