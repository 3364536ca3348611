// Everything that was given out and that nobody else may read, for whoever looks for it
// where it must not be.
const GIVEN = ['access_token', 'refresh_token', 'id_token', 'client_secret', 'registration_access_token'];

export class Secrets {
  #kinds = new Map();

  get all() {
    return [...this.#kinds].map(([value, kind]) => ({ kind, value }));
  }

  add(kind, value) {
    if (typeof value === 'string') this.#kinds.set(value, kind);
    return value;
  }

  // Reads an answer as it is sent: what is in its body, and a code in a redirect.
  watch(response) {
    const end = response.end.bind(response);
    response.end = (body, ...rest) => {
      this.#read(response, body);
      return end(body, ...rest);
    };
  }

  #read(response, body) {
    const location = response.getHeader('location');
    if (location) this.add('code', new URL(location, 'http://localhost').searchParams.get('code'));
    const type = String(response.getHeader('content-type') ?? '');
    if (!type.startsWith('application/json') || !body?.length) return;
    const answer = JSON.parse(String(body));
    for (const kind of GIVEN) this.add(kind, answer[kind]);
  }
}
