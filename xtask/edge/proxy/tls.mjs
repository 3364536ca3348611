// Requests over TLS to a name that only we know, from an address of our choice, over
// connections that are used again.
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';

const NAME = 'mcp.example.com';
const LIMIT = 30_000;

// Gives a function that sends a POST; `from` is the address that the proxy sees.
export function poster({ port, ca, from, sockets = 1 }) {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets });
  const lookup = (_, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  const options = { host: NAME, port, ca, agent, lookup, localAddress: from, path: '/mcp', method: 'POST' };
  const send = async (headers, body) => {
    const sent = request({ ...options, headers, timeout: LIMIT });
    sent.on('timeout', () => sent.destroy(new Error(`nothing within ${LIMIT} ms`)));
    sent.end(body);
    const [response] = await once(sent, 'response');
    return response;
  };
  return { send, close: () => agent.destroy() };
}

// A whole answer.
export async function whole(response) {
  return { status: response.statusCode, body: await text(response) };
}
