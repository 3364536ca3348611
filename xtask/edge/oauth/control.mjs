// The second port of the authorization server, for the test alone.
//
// POST /rotate {keep}                  a new key; the old ones stay published if `keep`
// POST /mint {claims, header, sign}    a token that is never given otherwise
// POST /login {resource, scope}        tokens as a client gets them that logs in
// POST /jwks {mode}                    what is answered for the keys: up, error, hang, huge
// POST /clients {client_id, …}         the metadata document of a client whose id is that URL
// GET  /seen                           how often each path was asked for
// GET  /secrets                        whatever was given out that nobody else may read
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export function controlServer(actions) {
  return createServer(async (request, response) => {
    try {
      const action = actions[`${request.method} ${request.url}`];
      if (!action) throw new Error(`there is no ${request.method} ${request.url}`);
      const body = await text(request);
      reply(response, 200, await action(body ? JSON.parse(body) : {}));
    } catch (error) {
      reply(response, 400, { error: String(error) });
    }
  });
}

function reply(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(value));
}
