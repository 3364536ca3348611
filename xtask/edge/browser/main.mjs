// A page of another origin talks with an MCP server in a real Chromium. Prints one line of
// JSON: what the page saw in each step, and what the browser's console said.
//
// main.mjs --url URL [--protected URL] [--host app.test] [--clients modern,legacy,v1]
//          [--sneak NAME] [--screenshot FILE]
//
// --sneak sends a call of `saw` with that name as a request without preflight: whoever
// starts this asks the server afterwards whether the tool ran.
//
// Without --host the page comes from a port of 127.0.0.1; with it, from http://HOST, which
// this browser alone finds.
import { parseArgs } from 'node:util';
import { launch, openPage } from '../common/chromium.mjs';
import { finish, step } from '../common/report.mjs';
import { servePages } from './pages.mjs';

const LIMIT = 240;

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    protected: { type: 'string' },
    host: { type: 'string' },
    clients: { type: 'string', default: 'modern,legacy,v1' },
    sneak: { type: 'string' },
    screenshot: { type: 'string' }
  }
});
if (!values.url) throw new Error('--url says which server the page talks with');

const pages = await servePages();
const browser = await launch(values.host ? { [values.host]: new URL(pages.url).host } : {});
const { page, seen } = await openPage(browser);
const job = {
  clients: values.clients.split(','),
  url: values.url,
  protectedUrl: values.protected,
  sneakName: values.sneak
};

const report = await step(LIMIT, 'the page', async () => {
  await page.goto(values.host ? `http://${values.host}/` : pages.url);
  return page.evaluate((job) => globalThis.visit(job), job);
});
if (values.screenshot) await page.screenshot({ path: values.screenshot, fullPage: true });
await browser.close();
pages.close();
finish({ ...report, browser: browser.version(), ...seen });
