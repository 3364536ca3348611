// rmcp's client goes the whole way, too. The program says on its standard output where a
// browser is to go, and reads from its standard input where that was sent back; its last
// line is what it saw. Prints that line with the visits.
//
// rmcp.mjs --program FILE --url URL
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { finish } from '../common/report.mjs';
import { REDIRECT, visit } from './headless.mjs';

const LIMIT = 60_000;

const { values } = parseArgs({ options: { program: { type: 'string' }, url: { type: 'string' } } });
if (!values.program || !values.url) throw new Error('--program and --url say who calls whom');

const child = spawn(values.program, [values.url, REDIRECT], { stdio: ['pipe', 'pipe', 'inherit'], timeout: LIMIT });
const ended = once(child, 'exit');
const visits = [];
let seen = { failed: 'the program said nothing' };
for await (const line of createInterface({ input: child.stdout })) {
  const said = JSON.parse(line);
  if (said.visit) child.stdin.write(`${REDIRECT}?${await visited(said.visit)}\n`);
  else seen = said;
}
const [code, signal] = await ended;
if (code !== 0) seen = { failed: `the program ended with ${code ?? signal}` };
finish({ ...seen, visits });

async function visited(page) {
  const { searchParams: asked } = new URL(page);
  visits.push({
    scope: asked.get('scope'),
    resource: asked.get('resource'),
    method: asked.get('code_challenge_method')
  });
  return visit(page, REDIRECT);
}
