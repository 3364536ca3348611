// What a page does with a server, step by step.
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';

const STEPS = 3;

export async function list({ client }) {
  const { tools } = await client.listTools();
  return tools.map((tool) => tool.name);
}

export async function call({ client }) {
  const answer = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
  return answer.content[0].text;
}

// Every step of `stream` is sent when the one before it was seen here.
export async function progress({ name: era, client }) {
  const name = `${era}-${crypto.randomUUID?.() ?? Math.random()}`;
  const seen = [];
  const told = [];
  const onprogress = ({ progress: step }) => {
    seen.push(step);
    told.push(client.callTool({ name: 'saw', arguments: { name, step } }));
  };
  const request = { name: 'stream', arguments: { name, steps: STEPS } };
  // The first generation has the schema of the result in between.
  const options = era === 'v1' ? [undefined, { onprogress }] : [{ onprogress }];
  const answer = await client.callTool(request, ...options);
  await Promise.all(told);
  return { seen, text: answer.content[0].text };
}

// The challenge of a protected server, as `fetch` and as the client's library read it, the
// document that it points to, and what the server says to a token that is none.
export async function challenge(url) {
  const answer = await ping(url);
  const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(answer);
  const metadata = resourceMetadataUrl && (await (await fetch(resourceMetadataUrl)).json());
  const wrong = await ping(url, { authorization: 'Bearer no-token-at-all' });
  return {
    status: answer.status,
    header: answer.headers.get('www-authenticate'),
    body: await answer.text(),
    metadata_url: resourceMetadataUrl?.href,
    scope,
    metadata,
    wrong: { status: wrong.status, error: extractWWWAuthenticateParams(wrong).error }
  };
}

function ping(url, more = {}) {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...more },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: {} })
  });
}

// Sends a call that no browser asks leave for: the page reads no answer, but a server that
// leaves origins to the browser would run the tool.
export async function sneak(url, name) {
  const params = { name: 'saw', arguments: { name, step: 1 } };
  const answer = await fetch(url, {
    method: 'POST',
    mode: 'no-cors',
    headers: { 'content-type': 'text/plain' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  });
  return { type: answer.type, status: answer.status };
}
