// The page and its program, built from the packages that are installed, behind a web
// server of its own: another origin than the server that the page talks with.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { listen } from '../common/listen.mjs';

const here = (name) => fileURLToPath(new URL(`page/${name}`, import.meta.url));

export async function servePages(port) {
  const files = new Map([
    ['/', ['text/html', await readFile(here('index.html'))]],
    ['/page.js', ['text/javascript', await bundle()]]
  ]);
  const server = createServer((request, response) => {
    const [type, body] = files.get(request.url) ?? [];
    response.writeHead(body ? 200 : 404, { 'content-type': type ?? 'text/plain', connection: 'close' });
    response.end(body ?? 'There is no such page.\n');
  });
  return { url: await listen(server, port), close: () => server.close() };
}

async function bundle() {
  const built = await build({
    entryPoints: [here('main.mjs')],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    write: false,
    logLevel: 'error'
  });
  return built.outputFiles[0].contents;
}
