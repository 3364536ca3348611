// A server on a port of 127.0.0.1; 0 takes a free one. Gives the address that it has.
import { once } from 'node:events';

export async function listen(server, port = 0) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}
