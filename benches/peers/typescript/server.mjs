// The tools of the example `bench`, on the TypeScript SDK: a peer that a user could pick
// instead. Usage: server.mjs http [--sessions] | stdio, and [--tools N]
//
// `http` is the guide's "Serve with Express": one handler in an Express app, whose factory
// makes a server for every request; clients of older revisions are served without sessions.
// `--sessions` is its "Sessions, state, and scaling": clients of older revisions only, and a
// server for every session. `stdio` is `serveStdio` with the same factory.
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createMcpExpressApp } from '@modelcontextprotocol/express';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod/v4';

const STEPS = 10;
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { tools: { type: 'string', default: '0' }, sessions: { type: 'boolean' } }
});
const tools = Number(flags.tools);

const said = (text) => ({ content: [{ type: 'text', text }] });

const terms = z.object({ a: z.number().int(), b: z.number().int() });
const words = z.object({ text: z.string() });
const place = z.object({
  city: z.string().describe('The city whose weather is looked up, with its country'),
  days: z.number().int().min(1).max(14).describe('How many days the forecast covers'),
  units: z
    .enum(['metric', 'imperial'])
    .optional()
    .describe('The units of the temperatures and of the wind')
});

function build() {
  const server = new McpServer({ name: 'bench', version: '1' });
  const add = { description: 'Add two integers and return the sum.', inputSchema: terms };
  server.registerTool('add', add, async ({ a, b }) => said(String(a + b)));
  const echo = { description: 'Return the text that was given.', inputSchema: words };
  server.registerTool('echo', echo, async ({ text }) => said(text));
  const progress = { description: 'Work in ten steps, and report each.' };
  server.registerTool('progress', progress, async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (let step = 1; step <= STEPS && progressToken !== undefined; step++) {
      const params = { progressToken, progress: step, total: STEPS };
      await ctx.mcpReq.notify({ method: 'notifications/progress', params });
    }
    return said('done');
  });
  for (let number = 1; number <= tools; number++) {
    const description = `Look up the weather forecast of station ${number}.`;
    const forecast = { description, inputSchema: place };
    server.registerTool(`forecast_${number}`, forecast, async () => said('sunny'));
  }
  return server;
}

/** A server for every request. */
function perRequest() {
  const node = toNodeHandler(createMcpHandler(build));
  return (req, res) => void node(req, res, req.body);
}

/** A server for every session. */
function perSession() {
  const sessions = new Map();
  return async (req, res) => {
    const id = req.headers['mcp-session-id'];
    let transport = sessions.get(id);
    if (id && !transport) {
      res.status(404).end();
      return;
    }
    if (!transport) {
      transport = new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id) => void sessions.set(id, transport)
      });
      transport.onclose = () => sessions.delete(transport.sessionId);
      await build().connect(transport);
    }
    await transport.handleRequest(req, res, req.body);
  };
}

if (positionals[0] === 'stdio') {
  serveStdio(build);
} else if (positionals[0] === 'http') {
  const app = createMcpExpressApp();
  app.all('/mcp', flags.sessions ? perSession() : perRequest());
  const listening = app.listen(0, '127.0.0.1', () => {
    console.error(`-> MCP endpoint: http://127.0.0.1:${listening.address().port}/mcp`);
  });
} else {
  console.error('usage: server.mjs http [--sessions] | stdio, and [--tools N]');
  process.exit(2);
}
