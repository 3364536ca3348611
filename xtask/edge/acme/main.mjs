// Pebble, a real ACME server, with a resolver that finds every name on this machine. Runs
// until its standard input ends, and prints one line of JSON when it answers: the directory,
// the certificate of whoever it is over TLS, and the root of what it issues.
//
// main.mjs --tls-port N --http-port N --validity SECONDS --certificate FILE --key FILE
//
// --tls-port and --http-port are where it looks for challenges (tls-alpn-01, http-01): the
// ports of the server under test. The certificate must be good for `localhost`.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { start, stopWithInput } from '../common/children.mjs';
import { freePorts } from '../common/free-port.mjs';
import { until } from '../common/wait.mjs';

const START = 20;

const { values } = parseArgs({
  options: {
    'tls-port': { type: 'string' },
    'http-port': { type: 'string' },
    validity: { type: 'string', default: '3600' },
    certificate: { type: 'string' },
    key: { type: 'string' }
  }
});

const dir = await mkdtemp(join(tmpdir(), 'edge-acme-'));
const [acme, management, dns, names] = await freePorts(4);
const ca = await readFile(values.certificate);
const config = {
  pebble: {
    listenAddress: `127.0.0.1:${acme}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: values.certificate,
    privateKey: values.key,
    httpPort: Number(values['http-port']),
    tlsPort: Number(values['tls-port']),
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    certificateValidityPeriod: Number(values.validity)
  }
};
await writeFile(join(dir, 'pebble.json'), JSON.stringify(config));

stopWithInput(() => rm(dir, { recursive: true, force: true }));
const unused = ['-http01', '', '-https01', '', '-tlsalpn01', ''];
const all = ['-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''];
const resolver = `127.0.0.1:${dns}`;
start('pebble-challtestsrv', [...all, ...unused, '-dns01', resolver, '-management', `127.0.0.1:${names}`]);
start('pebble', ['-strict', '-config', join(dir, 'pebble.json'), '-dnsserver', resolver], {
  // Without these it waits some seconds before each look. Every tenth nonce is refused, as
  // a client must be ready for, and no authorization is used again.
  env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '10', PEBBLE_AUTHZREUSE: '0' }
});

const directory = `https://localhost:${acme}/dir`;
await until(START, 'pebble', async () => (await fetchText(directory)).includes('newOrder'));
const root = await fetchText(`https://localhost:${management}/roots/0`);
console.log(JSON.stringify({ directory, root }));

function fetchText(url) {
  return new Promise((resolve, reject) => {
    const request = get(url, { ca, family: 4, timeout: 5_000 }, (response) => text(response).then(resolve, reject));
    request.on('timeout', () => request.destroy(new Error(`${url} does not answer`)));
    request.on('error', reject);
  });
}
