// Talks with the server through the TypeScript SDK's client, in both eras. See talk.mjs.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { answers, capabilities, command, era, notified, talk, url } from './talk.mjs';

// The modern mode is `auto`: the client probes and must find the modern era by itself.
const client = new Client(
  { name: 'xtask-typescript', version: '1' },
  { capabilities, versionNegotiation: { mode: era === 'legacy' ? 'legacy' : 'auto' } }
);
for (const [method, answer] of Object.entries(answers)) client.setRequestHandler(method, answer);
for (const method of [
  'notifications/message',
  'notifications/resources/updated',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed'
])
  client.setNotificationHandler(method, notified);

await client.connect(command ? new StdioClientTransport(command) : new StreamableHTTPClientTransport(url));
await talk({
  name: 'typescript',
  client,
  revision: () => client.getNegotiatedProtocolVersion(),
  call: (params, options) => client.callTool(params, options),
  listen: (filter) => client.listen(filter)
});
