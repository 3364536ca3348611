// A real authorization server on `oidc-provider`: MCP's way of OAuth 2.1, and nobody there
// to press a button, so that each login and each consent is given at once.
import { Provider } from 'oidc-provider';

const SCOPES = ['files:read', 'files:write', 'files:share'];
const ACCOUNT = 'ada';

// The client by which a resource server asks what an opaque token is worth.
export const INTROSPECTOR = { client_id: 'resource-server', client_secret: 'resource-server-secret' };

// `format` is jwt or opaque; `documents` maps a client id that is a URL to its metadata.
export function createProvider({ issuer, keys, format, ttl, documents }) {
  return new Provider(issuer, {
    jwks: keys.jwks,
    scopes: ['openid', 'offline_access', ...SCOPES],
    clients: [{ ...INTROSPECTOR, redirect_uris: [], response_types: [], grant_types: [] }],
    clientDefaults: { id_token_signed_response_alg: keys.alg },
    responseTypes: ['code'],
    // A client registers for the scopes that it knows of at first, and a step-up asks for
    // more: who signs in decides which, and not the registration.
    extraClientMetadata: {
      properties: ['no_scope'],
      validator: (_, __, ___, metadata) => {
        delete metadata.scope;
      }
    },
    // Not every client says `prompt=consent`, without which `offline_access` counts for nothing.
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    clientBasedCORS: () => true,
    cookies: { keys: ['a secret of a test'] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_, client) => client.clientId === INTROSPECTOR.client_id },
      clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          scope: SCOPES.join(' '),
          audience: resource,
          accessTokenTTL: ttl,
          accessTokenFormat: format,
          jwt: { sign: { alg: keys.alg } }
        })
      }
    },
    // Nothing is fetched: the documents of clients are those that the test gave.
    fetch: async (url) => {
      const document = documents.get(String(url));
      return document ? Response.json(document) : new Response(null, { status: 404 });
    }
  });
}

// Says yes to whatever an authorization request asks for.
export async function consent(provider, request, response) {
  const { params, prompt, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: ACCOUNT } });
  }
  const grant =
    (grantId && (await provider.Grant.find(grantId))) ||
    new provider.Grant({ accountId: ACCOUNT, clientId: params.client_id });
  const { missingOIDCScope, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}
