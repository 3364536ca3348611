// Calls `add` over HTTPS as a client that trusts one root and knows the server by its name,
// as soon as the server has a certificate. Prints one line of JSON with what it saw.
//
// call.mjs --name HOST --port N --root FILE
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { finish } from '../common/report.mjs';
import { until } from '../common/wait.mjs';

const START = 20;
const REVISION = '2026-07-28';

const { values } = parseArgs({
  options: { name: { type: 'string' }, port: { type: 'string' }, root: { type: 'string' } }
});
const ca = await readFile(values.root);
let seen;
await until(START, 'the certificate', async () => (seen = await call()));
finish(seen);

async function call() {
  const params = {
    name: 'add',
    arguments: { a: 2, b: 3 },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': REVISION,
      'io.modelcontextprotocol/clientCapabilities': {}
    }
  };
  const { status, body, certificate } = await post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const { subjectaltname, serialNumber } = certificate;
  return { status, body, names: subjectaltname, serial: serialNumber };
}

function post(message) {
  const { method, params } = message;
  const options = {
    host: '127.0.0.1',
    port: values.port,
    path: '/mcp',
    method: 'POST',
    servername: values.name,
    ca,
    timeout: 5_000,
    headers: {
      host: `${values.name}:${values.port}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': REVISION,
      'mcp-method': method,
      'mcp-name': params.name
    }
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const certificate = response.socket.getPeerCertificate();
      const whole = (body) => resolve({ status: response.statusCode, body, certificate });
      text(response).then(whole, reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', reject);
    sent.end(JSON.stringify(message));
  });
}
