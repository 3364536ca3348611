// Lists and calls `add` with the first generation of the TypeScript SDK, which most
// clients in the field are built on. It speaks the legacy era alone.
// Usage: typescript-v1.mjs legacy URL | typescript-v1.mjs legacy -- CMD ARGS…
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [, first, ...rest] = process.argv.slice(2);

const transport =
  first === '--'
    ? new StdioClientTransport({ command: rest[0], args: rest.slice(1), stderr: 'ignore' })
    : new StreamableHTTPClientTransport(new URL(first));

// The client tells its transport what was negotiated, and nobody else; both transports
// are asked the same way by listening to that call.
let revision;
const tell = transport.setProtocolVersion?.bind(transport);
transport.setProtocolVersion = (version) => {
  revision = version;
  tell?.(version);
};

const client = new Client({ name: 'xtask-typescript-v1', version: '1' });
await client.connect(transport);
const { tools } = await client.listTools();
const answer = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
console.log(
  JSON.stringify({
    revision,
    server: client.getServerVersion()?.name,
    tools: tools.map((tool) => tool.name),
    text: answer.content[0].text
  })
);
await client.close();
