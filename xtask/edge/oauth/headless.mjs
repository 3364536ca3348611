// A browser as far as a login needs one: it follows redirects and keeps cookies.

// Nobody listens there: this browser stops where it is sent back.
export const REDIRECT = 'http://127.0.0.1:4999/callback';
const HOPS = 12;
const LIMIT = 10_000;

// Visits an authorization URL. Gives the parameters with which the browser was sent back.
export async function visit(start, redirectUrl) {
  const cookies = new Map();
  let url = new URL(start);
  for (let hop = 0; hop < HOPS; hop++) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      signal: AbortSignal.timeout(LIMIT)
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    await response.body?.cancel();
    url = new URL(location, url);
    if (url.href.startsWith(redirectUrl)) return url.searchParams;
  }
  throw new Error(`no way back to ${redirectUrl} within ${HOPS} redirects; the last was to ${url}`);
}
