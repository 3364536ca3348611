// The page: `visit(job)` does what the job says and gives what was seen. What it sees is
// shown, too, for whoever looks at the screenshot.
import { describe } from '../../common/report.mjs';
import { connect } from './clients.mjs';
import { call, challenge, list, progress, sneak } from './steps.mjs';

const LIMIT = 30_000;

async function visit({ clients, url, protectedUrl, sneakName }) {
  const seen = { origin: location.origin };
  for (const name of clients) seen[name] = await talk(name, url);
  if (protectedUrl) seen.challenge = await attempt('challenge', () => challenge(protectedUrl));
  if (sneakName) seen.sneak = await attempt('sneak', () => sneak(url, sneakName));
  return seen;
}

async function talk(name, url) {
  const connection = await attempt(`${name}: connect`, () => connect(name, url));
  if (connection.failed) return connection;
  const { client, transport, revision } = connection;
  const seen = {
    revision,
    server: client.getServerVersion()?.name,
    session: transport.sessionId ?? null,
    tools: await attempt(`${name}: list`, () => list(connection)),
    call: await attempt(`${name}: call`, () => call(connection)),
    progress: await attempt(`${name}: progress`, () => progress(connection))
  };
  await attempt(`${name}: close`, () => close(connection));
  return seen;
}

async function close({ client, transport }) {
  if (transport.sessionId) await transport.terminateSession();
  await client.close();
  return 'closed';
}

async function attempt(what, work) {
  const late = new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`nothing within ${LIMIT} ms`)), LIMIT)
  );
  const seen = await Promise.race([work(), late]).catch((error) => ({ failed: describe(error) }));
  show(what, seen);
  return seen;
}

function show(what, seen) {
  const row = document.querySelector('tbody').insertRow();
  row.className = seen?.failed ? 'failed' : 'seen';
  row.insertCell().textContent = what;
  row.insertCell().textContent = seen?.client ? `revision ${seen.revision}` : JSON.stringify(seen, null, 1);
}

globalThis.visit = visit;
