// A proxy of Debian's, with the configuration that the documentation shows, in front of
// servers on loopback, and a look through it. Prints one line of JSON with what was seen.
//
// main.mjs --kind nginx|caddy|haproxy --look streams|addresses|drained --shown FOLDER
//          --servers HOST:PORT,HOST:PORT --pids N,N --certificate FILE --key FILE
//
// `drained` tells the server with most to do to stop, by SIGTERM.
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stopAll } from '../common/children.mjs';
import { freePorts } from '../common/free-port.mjs';
import { finish, step } from '../common/report.mjs';
import { refuses, startProxy } from './start.mjs';
import * as steps from './steps.mjs';

const LIMIT = 60;
const GONE = 20;

const { values } = parseArgs({
  options: {
    kind: { type: 'string' },
    look: { type: 'string' },
    shown: { type: 'string' },
    servers: { type: 'string' },
    pids: { type: 'string', default: '' },
    certificate: { type: 'string' },
    key: { type: 'string' }
  }
});
const servers = values.servers.split(',');
const pids = values.pids.split(',').map(Number);
const [port] = await freePorts(1);
const dir = await startProxy({ ...values, port, servers });
const ca = await readFile(values.certificate);

const seen = await step(LIMIT, values.look, () => steps[values.look]({ port, ca, pids, stop }));
await stopAll();
await rm(dir, { recursive: true, force: true });
finish(seen);

// Tells a server to stop, and waits until it has: when nobody can connect to it any more, it
// still answers once on each connection that it had.
async function stop(pid) {
  process.kill(pid, 'SIGTERM');
  await refuses(servers[pids.indexOf(pid)], GONE);
  const until = Date.now() + GONE * 1_000;
  while (Date.now() < until && !(await hasEnded(pid))) await sleep(20);
}

// Whoever started it may not have asked yet how it ended.
async function hasEnded(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}
