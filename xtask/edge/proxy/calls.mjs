// Calls of the example's tools, as a modern client writes them.
const REVISION = '2026-07-28';
const META = 'io.modelcontextprotocol/';

export function call(tool, args, progressToken) {
  const meta = { [`${META}protocolVersion`]: REVISION, [`${META}clientCapabilities`]: {}, progressToken };
  const params = { name: tool, arguments: args, _meta: meta };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': REVISION,
    'mcp-method': 'tools/call',
    'mcp-name': tool
  };
  return { headers: { ...headers, 'content-length': Buffer.byteLength(body) }, body };
}

// The text that a call came to, of the last message of its answer.
export function textOf(body) {
  const events = body.split('\n').filter((line) => line.startsWith('data:'));
  const last = events.length > 0 ? events.at(-1).slice(5) : body;
  return JSON.parse(last).result?.content?.[0]?.text;
}
