// The clients that a page can be built with, each by the name that a job calls it.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const INFO = { name: 'edge-page', version: '1' };

const CLIENTS = {
  modern: () => new Client(INFO, { versionNegotiation: { mode: 'auto' } }),
  legacy: () => new Client(INFO, { versionNegotiation: { mode: 'legacy' } }),
  v1: () => new ClientV1(INFO)
};

// Connects, and gives the client and its transport.
export async function connect(name, url) {
  const Transport = name === 'v1' ? TransportV1 : StreamableHTTPClientTransport;
  const transport = new Transport(new URL(url));
  const revision = listenForRevision(transport);
  const client = CLIENTS[name]();
  await client.connect(transport);
  return { name, client, transport, revision: revision() };
}

// Both generations tell their transport what was negotiated.
function listenForRevision(transport) {
  let revision;
  const tell = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => {
    revision = version;
    tell?.(version);
  };
  return () => revision;
}
