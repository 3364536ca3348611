// The files of the Inspector's web client behind a web server of our own: its launcher
// would start the proxy, too, that is to be done without.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize, sep } from 'node:path';
import { listen } from '../common/listen.mjs';

const PACKAGE = '@modelcontextprotocol/inspector-client/package.json';
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

export async function serveClient() {
  const manifest = createRequire(import.meta.url).resolve(PACKAGE);
  const { version } = JSON.parse(await readFile(manifest, 'utf8'));
  const root = join(dirname(manifest), 'dist');
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = normalize(join(root, pathname === '/' ? 'index.html' : pathname));
    const body = file.startsWith(root + sep) && (await readFile(file).catch(() => null));
    response.writeHead(body ? 200 : 404, { 'content-type': TYPES[extname(file)] ?? 'text/plain' });
    response.end(body || 'There is no such file.\n');
  });
  return { version, url: await listen(server) };
}
