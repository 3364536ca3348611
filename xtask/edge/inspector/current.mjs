// The newest MCP Inspector, started by its own launcher, in a real Chromium: it connects in
// the era that is asked for, lists the tools and calls `add`. Its page talks with a process
// beside it, and that process with the server: for the page alone, see main.mjs.
//
// current.mjs --url URL [--era modern|legacy] [--screenshot FILE]
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { launch, openPage } from '../common/chromium.mjs';
import { start, stopAll } from '../common/children.mjs';
import { freePorts } from '../common/free-port.mjs';
import { finish, step } from '../common/report.mjs';
import { until } from '../common/wait.mjs';

const LIMIT = 60;
const START = 30;
const WAIT = 15_000;
const TOKEN = 'a-token-of-a-test';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    era: { type: 'string', default: 'modern' },
    screenshot: { type: 'string' }
  }
});
if (!values.url) throw new Error('--url says which server is inspected');

const home = await mkdtemp(join(tmpdir(), 'edge-inspector-'));
const address = await startInspector();
const browser = await launch();
const { page, seen } = await openPage(browser);
page.setDefaultTimeout(WAIT);

const report = {
  connected: await step(LIMIT, 'connect', connect),
  tools: await step(LIMIT, 'list', list),
  result: await step(LIMIT, 'call', call)
};
if (values.screenshot) await page.screenshot({ path: values.screenshot });
await browser.close();
await stopAll();
await rm(home, { recursive: true, force: true });
finish({ ...report, ...seen });

async function startInspector() {
  const manifest = createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/package.json');
  const launcher = join(dirname(manifest), 'clients/launcher/build/index.js');
  const [web, sandbox] = await freePorts(2);
  const server = ['--transport', 'http', '--server-url', values.url, '--protocol-era', values.era];
  start(process.execPath, [launcher, '--web', ...server], {
    env: {
      ...process.env,
      HOME: home,
      MCP_STORAGE_DIR: home,
      MCP_INSPECTOR_SECRET_STORE: 'memory',
      MCP_INSPECTOR_API_TOKEN: TOKEN,
      MCP_AUTO_OPEN_ENABLED: 'false',
      CLIENT_PORT: String(web),
      MCP_SANDBOX_PORT: String(sandbox)
    }
  });
  const url = `http://127.0.0.1:${web}`;
  await until(START, 'the Inspector', async () => (await fetch(url)).ok);
  return `${url}/?MCP_INSPECTOR_API_TOKEN=${TOKEN}`;
}

async function connect() {
  await page.goto(address);
  await page.getByRole('switch', { name: /^Connect or disconnect/ }).click({ force: true });
  await page.getByText('Connected', { exact: true }).waitFor();
  const revision = page.getByText(/^MCP \d{4}-\d\d-\d\d$/);
  return (await revision.count()) > 0 ? revision.first().innerText() : 'no revision is shown';
}

async function list() {
  await page.getByText('Tools', { exact: true }).first().click();
  await page.getByRole('button', { name: 'add', exact: true }).waitFor();
  const names = await page.getByRole('button').allInnerTexts();
  return names.filter((name) => /^[a-z_]+$/.test(name));
}

async function call() {
  await page.getByRole('button', { name: 'add', exact: true }).click();
  for (const [name, value] of [['a', '2'], ['b', '3']]) {
    await page.getByLabel(new RegExp(`^${name}\\s*\\*?$`)).fill(value);
  }
  await page.getByRole('button', { name: 'Execute Tool' }).click();
  const result = page.getByText('5', { exact: true }).first();
  await result.waitFor();
  return result.innerText();
}
