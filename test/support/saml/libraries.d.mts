interface NodeSaml {
  readonly SAML: new (
    options: Readonly<Record<string, unknown>>,
  ) => {
    getAuthorizeUrlAsync(relayState: string, host: undefined, options: object): Promise<string>
    validatePostResponseAsync(form: { readonly SAMLResponse: string }): Promise<{
      readonly profile: { readonly nameID: string } | null
    }>
  }
}
export function loadNodeSaml(): Promise<NodeSaml>
