// An authorization server that runs until its standard input ends. Prints one line of
// JSON: its issuer, its control port (control.mjs), and who may introspect.
//
// authorization-server.mjs [--port N] [--alg ES256|RS256] [--format jwt|opaque] [--ttl S]
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { listen } from '../common/listen.mjs';
import { controlServer } from './control.mjs';
import { Keys } from './keys.mjs';
import { login } from './login.mjs';
import { mint } from './mint.mjs';
import { consent, createProvider, INTROSPECTOR } from './provider.mjs';
import { Secrets } from './secrets.mjs';

// More than any reader of a key set should take.
const HUGE = 64 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    alg: { type: 'string', default: 'ES256' },
    format: { type: 'string', default: 'jwt' },
    ttl: { type: 'string', default: '3600' }
  }
});

const keys = new Keys(values.alg);
const documents = new Map();
const secrets = new Secrets();
secrets.add('client_secret', INTROSPECTOR.client_secret);
const seen = {};
let jwksMode = 'up';
let provider;
let answer;

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, issuer);
  const path = pathname.replace(/^\/(auth|interaction)\/.+/, '/$1/*');
  seen[path] = (seen[path] ?? 0) + 1;
  secrets.watch(response);
  if (pathname === '/jwks' && jwksMode !== 'up') return brokenKeys(response);
  if (!pathname.startsWith('/interaction/')) return answer(request, response);
  try {
    await consent(provider, request, response);
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(`${error}\n`);
  }
});
const issuer = await listen(server, Number(values.port));
await rotate({});

const control = await listen(
  controlServer({
    'POST /rotate': rotate,
    'POST /mint': async (wish) => ({ token: secrets.add('minted', await mint({ issuer, keys, ...wish })) }),
    'POST /login': (wish) => login({ issuer, ...wish }),
    'POST /jwks': ({ mode }) => ({ mode: (jwksMode = mode) }),
    'POST /clients': (document) => {
      documents.set(document.client_id, document);
      return document;
    },
    'GET /seen': () => seen,
    'GET /secrets': () => secrets.all
  })
);
console.log(JSON.stringify({ issuer, control, introspector: INTROSPECTOR }));
process.stdin.resume().on('end', () => process.exit(0));

// A provider has its keys for good; what was issued is in a store that all of them share.
async function rotate({ keep }) {
  const kid = await keys.rotate(keep);
  provider = createProvider({ issuer, keys, format: values.format, ttl: Number(values.ttl), documents });
  provider.on('server_error', (_, error) => console.error(error));
  answer = provider.callback();
  return { kid };
}

function brokenKeys(response) {
  if (jwksMode === 'hang') return;
  if (jwksMode === 'huge') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': HUGE });
    response.on('error', () => {});
    response.end(Buffer.alloc(HUGE, ' '));
    return;
  }
  response.writeHead(503, { 'content-type': 'text/plain' }).end('out of order\n');
}
