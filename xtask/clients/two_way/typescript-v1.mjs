// Talks with the server through the first generation of the TypeScript SDK, which most
// clients in the field are built on. It speaks the legacy era alone. See talk.mjs.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema
} from '@modelcontextprotocol/sdk/types.js';
import { answers, capabilities, command, notified, talk, url } from './talk.mjs';

const transport = command ? new StdioClientTransport(command) : new StreamableHTTPClientTransport(url);

// The client tells its transport what was negotiated, and nobody else; both transports
// are asked the same way by listening to that call.
let revision;
const tell = transport.setProtocolVersion?.bind(transport);
transport.setProtocolVersion = (version) => {
  revision = version;
  tell?.(version);
};

const client = new Client({ name: 'xtask-typescript-v1', version: '1' }, { capabilities });
for (const schema of [ElicitRequestSchema, CreateMessageRequestSchema, ListRootsRequestSchema])
  client.setRequestHandler(schema, answers[schema.shape.method.value]);
client.fallbackNotificationHandler = notified;

/** Calls a tool as a task, and passes on every message about it. */
const asTask = (name) =>
  client.experimental.tasks.callToolStream({ name, arguments: {} }, CallToolResultSchema, {
    task: { ttl: 60_000 }
  });

await client.connect(transport);
await talk({
  name: 'typescript-v1',
  client,
  revision: () => revision,
  call: (params, options) => client.callTool(params, CallToolResultSchema, options),
  task: async (name) => {
    const types = [];
    for await (const message of asTask(name)) {
      types.push(message.type);
      if (message.type === 'error') throw message.error;
      if (message.type !== 'result') continue;
      if (types[0] !== 'taskCreated') throw new Error(`${name} was no task: ${types}`);
      return { text: message.result.content[0].text };
    }
    throw new Error(`${name} came to nothing: ${types}`);
  },
  cancelledTask: async (name) => {
    for await (const message of asTask(name)) {
      if (message.type !== 'taskCreated') throw new Error(`${name} began with ${JSON.stringify(message)}`);
      const id = message.task.taskId;
      await client.experimental.tasks.cancelTask(id);
      return (await client.experimental.tasks.getTask(id)).status;
    }
  }
});
