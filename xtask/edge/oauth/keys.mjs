// The keys that an authorization server signs with, newest first.
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

export class Keys {
  #alg;
  #pairs = [];

  constructor(alg) {
    this.#alg = alg;
  }

  // Makes a new key the one that is signed with. The others are published still, if `keep`.
  async rotate(keep = false) {
    const pair = await generateKeyPair(this.#alg, { extractable: true });
    const jwk = await exportJWK(pair.privateKey);
    const kid = await calculateJwkThumbprint(jwk);
    const named = { ...pair, kid, jwk: { ...jwk, kid, alg: this.#alg, use: 'sig' } };
    this.#pairs = [named, ...(keep ? this.#pairs : [])];
    return kid;
  }

  get alg() {
    return this.#alg;
  }

  get newest() {
    return this.#pairs[0];
  }

  // With the private parts, as the provider wants them.
  get jwks() {
    return { keys: this.#pairs.map(({ jwk }) => jwk) };
  }
}
