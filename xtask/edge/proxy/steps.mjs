// What is looked at through a proxy.
import { setTimeout as sleep } from 'node:timers/promises';
import { call, textOf } from './calls.mjs';
import { poster, whole } from './tls.mjs';

const STEPS = 3;
// Addresses that no proxy of ours has.
const [ONE, OTHER] = ['127.0.0.2', '127.0.0.3'];
const WORKERS = 8;
const PAUSE = 5;
// When the proxy has noticed that a server is not ready.
const NOTICED = 2_300;

// Each step of `stream` is sent when somebody says that the one before it arrived: a proxy
// that holds a stream back makes the call fail.
export async function streams({ port, ca }) {
  const { send, close } = poster({ port, ca, from: ONE, sockets: 4 });
  const name = `proxied-${port}`;
  const stream = call('stream', { name, steps: STEPS }, 'p');
  const response = await send(stream.headers, stream.body);
  response.setEncoding('utf8');
  const told = [];
  let body = '';
  for await (const chunk of response) {
    body += chunk;
    const step = (body.match(/notifications\/progress/g) ?? []).length;
    if (step <= told.length) continue;
    const saw = call('saw', { name, step });
    told.push(send(saw.headers, saw.body).then(whole));
  }
  const answers = await Promise.all(told);
  close();
  return { status: response.statusCode, steps: answers.map((it) => it.status), text: textOf(body) };
}

// What a server with a limit of one request for each address answers: to one client, to
// the same with what it says of itself, and to another.
export async function addresses({ port, ca }) {
  const lies = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7', 'x-real-ip': '203.0.113.7' };
  const one = poster({ port, ca, from: ONE });
  const other = poster({ port, ca, from: OTHER });
  const add = call('add', { a: 2, b: 3 });
  const status = async (client, more = {}) =>
    (await whole(await client.send({ ...add.headers, ...more }, add.body))).status;
  const seen = {
    first: await status(one),
    again: await status(one),
    lying: [],
    other: await status(other),
    other_again: await status(other)
  };
  for (const [name, value] of Object.entries(lies)) seen.lying.push(await status(one, { [name]: value }));
  one.close();
  other.close();
  return seen;
}

const count = (tally, who) => (tally[who] = (tally[who] ?? 0) + 1);

// Calls without an end while one server is told to stop: who answered before, while it was
// not ready, and after it was gone; and what failed.
export async function drained({ port, ca, pids, stop }) {
  const clients = Array.from({ length: WORKERS }, (_, i) => poster({ port, ca, from: `127.0.0.${20 + i}` }));
  const answered = { before: {}, 'until it is noticed': {}, 'not ready': {}, gone: {} };
  const failures = [];
  const ask = call('process', {});
  let phase = 'before';
  const work = async ({ send }) => {
    while (phase) {
      const during = phase;
      try {
        const { status, body } = await whole(await send(ask.headers, ask.body));
        const who = status === 200 ? textOf(body) : `status ${status}`;
        if (!pids.includes(Number(who))) failures.push(`${during}: ${who}: ${body.slice(0, 200)}`);
        // What was asked for in one phase may be answered in the next.
        if (during === phase) count(answered[during], who);
      } catch (error) {
        failures.push(`${during}: ${error.code ?? error.message}`);
      }
      await sleep(PAUSE);
    }
  };
  const workers = clients.map(work);
  await sleep(1_000);
  const busiest = Object.entries(answered.before).sort((a, b) => b[1] - a[1])[0]?.[0];
  phase = 'until it is noticed';
  const gone = stop(Number(busiest));
  await sleep(NOTICED);
  phase = 'not ready';
  await gone;
  phase = 'gone';
  await sleep(1_500);
  phase = '';
  await Promise.all(workers);
  clients.forEach((client) => client.close());
  return { stopped: Number(busiest), answered, failures: failures.slice(0, 10), failed: failures.length };
}
