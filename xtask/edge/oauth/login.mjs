// Tokens that the authorization server really gives, to a client that proves who it is.
import { createHash, randomBytes } from 'node:crypto';
import { REDIRECT, visit } from './headless.mjs';

// Registers, logs in and gets the tokens for a resource.
export async function login({ issuer, resource, scope }) {
  const client = await post(`${issuer}/reg`, 'application/json', JSON.stringify({
    redirect_uris: [REDIRECT],
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic'
  }));
  const verifier = randomBytes(32).toString('base64url');
  const page = new URL('/auth', issuer);
  page.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    scope,
    resource
  });
  const back = await visit(page, REDIRECT);
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: back.get('code'),
    redirect_uri: REDIRECT,
    code_verifier: verifier,
    resource
  });
  const proof = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64');
  return post(`${issuer}/token`, 'application/x-www-form-urlencoded', form.toString(), `Basic ${proof}`);
}

async function post(url, type, body, authorization) {
  const headers = { 'content-type': type, ...(authorization && { authorization }) };
  const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
