// The TypeScript SDK's client goes the whole way: the challenge, the metadata of resource
// and authorization server, its registration, the login, the token, calls, a step-up and a
// refresh. Prints one line of JSON with what it saw; no token is in it.
//
// typescript.mjs --url URL [--era modern|legacy] [--step-up TOOL] [--control URL --document URL]
//
// With --document the client has no registration: its id is that URL, of which the
// authorization server is told by its control port.
import { parseArgs } from 'node:util';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { decodeJwt } from 'jose';
import { finish, step } from '../common/report.mjs';
import { AuthProvider } from './auth-provider.mjs';

const LIMIT = 30;

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    era: { type: 'string', default: 'modern' },
    'step-up': { type: 'string' },
    control: { type: 'string' },
    document: { type: 'string' }
  }
});
if (!values.url) throw new Error('--url says which server is called');

const auth = new AuthProvider(values.document);
if (values.document) await publish(values.document);

const mode = values.era === 'legacy' ? 'legacy' : 'auto';
let client;
let transport;
const report = {
  connect: await step(LIMIT, 'connect', connect),
  call: await step(LIMIT, 'call', () => call('add', { a: 2, b: 3 }))
};
report.token = claims();
if (values['step-up']) {
  report.step_up = await step(LIMIT, 'step-up', () => call(values['step-up'], { name: 'edge', step: 1 }));
  report.step_up_token = claims();
}
auth.spoil();
report.refresh = await step(LIMIT, 'refresh', () => call('add', { a: 3, b: 4 }));
report.refresh_token = claims();
report.visits = auth.visits;
report.client_id = auth.registered?.client_id ?? null;
finish(report);

async function connect() {
  await authorized(async () => {
    transport = new StreamableHTTPClientTransport(new URL(values.url), { authProvider: auth });
    client = new Client({ name: 'edge-oauth', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(transport);
  });
  const { tools } = await client.listTools();
  return { revision: client.getNegotiatedProtocolVersion(), tools: tools.map((tool) => tool.name) };
}

async function call(name, args) {
  const answer = await authorized(() => client.callTool({ name, arguments: args }));
  return answer.content[0].text;
}

// Does the work, and once more after the login that it turned out to need.
async function authorized(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || !auth.back) throw error;
    const back = auth.back;
    auth.back = null;
    await transport.finishAuth(back);
    return work();
  }
}

function claims() {
  const tokens = auth.tokens();
  if (!tokens) return { failed: 'there is no token' };
  const { access_token: token, scope } = tokens;
  if (token.split('.').length !== 3) return { opaque: true, scope };
  const { iss, aud, scope: granted, client_id: clientId } = decodeJwt(token);
  return { iss, aud, scope: granted, client_id: clientId };
}

async function publish(documentUrl) {
  const response = await fetch(new URL('/clients', values.control), {
    method: 'POST',
    body: JSON.stringify({ client_id: documentUrl, ...auth.clientMetadata })
  });
  if (!response.ok) throw new Error(`the document was not taken: ${await response.text()}`);
}
