// Starts a proxy with the configuration that the documentation shows: its example addresses
// and files are replaced, and it fails when one of them is not there any more.
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '../common/children.mjs';
import { until } from '../common/wait.mjs';
import { KINDS } from './kinds.mjs';

const START = 15;
const SHOWN = ['127.0.0.1:8001', '127.0.0.1:8002'];

// Gives the folder of its files.
export async function startProxy(values) {
  const kind = KINDS[values.kind];
  if (!kind) throw new Error(`--kind is one of ${Object.keys(KINDS).join(', ')}`);
  const dir = await mkdtemp(join(tmpdir(), 'edge-proxy-'));
  await configure(kind, dir, values);
  const [program, ...args] = kind.command(dir);
  start(program, args, { env: { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir } });
  // None of the three says when it listens.
  await until(START, program, () => connects(`127.0.0.1:${values.port}`));
  return dir;
}

// Waits until nobody can connect to an address.
export async function refuses(address, seconds) {
  await until(seconds, `the end of ${address}`, async () => !(await connects(address).catch(() => false)));
}

async function connects(address) {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect').finally(() => socket.destroy());
  return true;
}

async function configure(kind, dir, { shown, port, servers, certificate, key }) {
  const address = `127.0.0.1:${port}`;
  const both = join(dir, 'both.pem');
  await writeFile(both, (await readFile(certificate, 'utf8')) + (await readFile(key, 'utf8')));
  const places = {
    ...kind.replace({ address, certificate, key, both }),
    ...Object.fromEntries(SHOWN.map((one, i) => [one, servers[i]]))
  };
  let text = await readFile(join(shown, kind.shown), 'utf8');
  for (const [example, real] of Object.entries(places)) {
    if (!text.includes(example)) throw new Error(`${kind.shown} has no \`${example.trim()}\` any more`);
    text = text.replaceAll(example, real);
  }
  await writeFile(join(dir, 'shown.conf'), text);
  await writeFile(join(dir, 'around.conf'), kind.around(dir, address));
}
