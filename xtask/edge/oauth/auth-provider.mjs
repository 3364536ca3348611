// What the TypeScript client asks an application for while it authorizes, kept in memory.
import { REDIRECT, visit } from './headless.mjs';

// With `documentUrl` the client is known by that URL, else it registers itself.
export class AuthProvider {
  visits = [];
  registered = null;
  back = null;
  #discovered;
  #tokens;
  #verifier;
  #state;

  constructor(documentUrl) {
    this.clientMetadataUrl = documentUrl;
  }

  get redirectUrl() {
    return REDIRECT;
  }

  get clientMetadata() {
    return {
      client_name: 'edge',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native'
    };
  }

  state() {
    this.#state = crypto.randomUUID();
    return this.#state;
  }

  clientInformation() {
    return this.registered ?? undefined;
  }

  saveClientInformation(information) {
    this.registered = information;
  }

  tokens() {
    return this.#tokens;
  }

  saveTokens(tokens) {
    this.#tokens = tokens;
  }

  saveCodeVerifier(verifier) {
    this.#verifier = verifier;
  }

  codeVerifier() {
    return this.#verifier;
  }

  saveDiscoveryState(state) {
    this.#discovered = state;
  }

  discoveryState() {
    return this.#discovered;
  }

  async redirectToAuthorization(url) {
    const { searchParams: asked } = url;
    this.visits.push({
      scope: asked.get('scope'),
      resource: asked.get('resource'),
      method: asked.get('code_challenge_method')
    });
    this.back = await visit(url, REDIRECT);
    if (this.back.get('state') !== this.#state) throw new Error('the state came back changed');
  }

  invalidateCredentials(scope) {
    if (scope === 'all' || scope === 'tokens') this.#tokens = undefined;
    if (scope === 'all' || scope === 'client') this.registered = null;
    if (scope === 'all' || scope === 'discovery') this.#discovered = undefined;
  }

  // The access token is thrown away, and the one to refresh it with kept.
  spoil() {
    this.#tokens = { ...this.#tokens, access_token: 'spoiled' };
  }
}
