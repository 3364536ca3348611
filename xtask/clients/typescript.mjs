// Lists and calls `add` with the TypeScript SDK's client, and prints what it saw as one
// line of JSON. Usage: typescript.mjs legacy|modern URL | typescript.mjs legacy|modern -- CMD ARGS…
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const [era, first, ...rest] = process.argv.slice(2);

const transport =
  first === '--'
    ? new StdioClientTransport({ command: rest[0], args: rest.slice(1), stderr: 'ignore' })
    : new StreamableHTTPClientTransport(new URL(first));

// The modern mode is `auto`: the client probes and must find the modern era by itself.
const client = new Client(
  { name: 'xtask-typescript', version: '1' },
  { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : 'auto' } }
);

await client.connect(transport);
const { tools } = await client.listTools();
const answer = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
console.log(
  JSON.stringify({
    revision: client.getNegotiatedProtocolVersion(),
    server: client.getServerVersion()?.name,
    tools: tools.map((tool) => tool.name),
    text: answer.content[0].text
  })
);
await client.close();
