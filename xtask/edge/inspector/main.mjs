// MCP Inspector's web client, in a real Chromium, connects directly to a server, lists its
// tools and calls `add`. Prints one line of JSON with what a person would see, and with
// whom the browser spoke MCP.
//
// main.mjs --url URL [--screenshot FILE]
import { parseArgs } from 'node:util';
import { launch, openPage } from '../common/chromium.mjs';
import { finish, step } from '../common/report.mjs';
import { serveClient } from './client-files.mjs';

const LIMIT = 60;
const WAIT = 15_000;

const { values } = parseArgs({ options: { url: { type: 'string' }, screenshot: { type: 'string' } } });
if (!values.url) throw new Error('--url says which server is inspected');

const client = await serveClient();
const browser = await launch();
const { page, seen } = await openPage(browser);
page.setDefaultTimeout(WAIT);
const spokenTo = new Set();
page.on('request', (request) => {
  if (request.method() === 'POST') spokenTo.add(request.url());
});

const report = {
  connected: await step(LIMIT, 'connect', connect),
  tools: await step(LIMIT, 'list', list),
  result: await step(LIMIT, 'call', call)
};
if (values.screenshot) await page.screenshot({ path: values.screenshot });
await browser.close();
finish({ inspector: client.version, ...report, spoken_to: [...spokenTo], ...seen });

async function connect() {
  const query = new URLSearchParams({ transport: 'streamable-http', serverUrl: values.url });
  await page.goto(`${client.url}/?${query}`);
  await page.locator('#connection-type-select').click();
  await page.getByRole('option', { name: 'Direct' }).click();
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('Connected', { exact: true }).waitFor();
  return true;
}

async function list() {
  await page.getByRole('tab', { name: 'Tools' }).click();
  await page.getByRole('button', { name: 'List Tools' }).click();
  const add = page.getByText('add', { exact: true }).first();
  await add.waitFor();
  const panel = page.getByRole('tabpanel', { name: 'Tools' });
  return (await panel.innerText()).split('\n').filter((line) => line.trim());
}

async function call() {
  await page.getByText('add', { exact: true }).first().click();
  for (const [name, value] of [['a', '2'], ['b', '3']]) {
    // A star stands behind the names of what is required.
    await page.getByLabel(new RegExp(`^${name}\\s*\\*?$`)).fill(value);
  }
  await page.getByRole('button', { name: 'Run Tool' }).click();
  const result = page.getByText('Tool Result:');
  await result.waitFor();
  // The answer stands below its heading.
  return result.locator('xpath=..').innerText();
}
