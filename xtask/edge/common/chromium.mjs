// Debian's Chromium without a window, and what it says about the pages that it shows.
import { chromium } from 'playwright-core';

const PROGRAM = process.env.EDGE_CHROMIUM ?? '/usr/bin/chromium';
const START = 60_000;

// `hosts` maps names to addresses: `{ 'app.test': '127.0.0.1:4000' }`.
export async function launch(hosts = {}, flags = []) {
  const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`);
  const args = [...flags];
  if (rules.length > 0) args.push(`--host-resolver-rules=${rules.join(',')}`);
  return chromium.launch({
    executablePath: PROGRAM,
    headless: true,
    // There is no sandbox for root, and none is needed for pages of our own.
    chromiumSandbox: false,
    timeout: START,
    args
  });
}

// A page whose console is kept, and its preflight requests: no page sends OPTIONS itself.
export async function openPage(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const seen = { console: [], preflights: [] };
  page.on('console', (line) => seen.console.push(`${line.type()}: ${line.text()}`));
  page.on('pageerror', (error) => seen.console.push(`uncaught: ${error.message}`));
  const events = await context.newCDPSession(page);
  await events.send('Network.enable');
  events.on('Network.requestWillBeSent', ({ request }) => {
    if (request.method === 'OPTIONS') seen.preflights.push(request.url);
  });
  return { page, seen };
}
