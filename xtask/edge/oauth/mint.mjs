// Tokens that the authorization server never gives, for what a resource server must refuse.
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';

const HOUR = 3600;
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// `claims` replace those of a good token, and `header` what stands before them (null takes
// one away); `sign` says how it is signed: `good`, `stranger` (a key that is not published,
// under the id of one that is), `none`, or `hs256` (with the public key as its secret).
export async function mint({ issuer, keys, claims = {}, header = {}, sign = 'good' }) {
  const now = Math.floor(Date.now() / 1000);
  const good = { iss: issuer, sub: 'ada', iat: now, exp: now + HOUR, scope: 'files:read files:write' };
  const payload = replaced(good, claims);
  const { privateKey, publicKey, kid } = keys.newest;
  const head = replaced({ alg: keys.alg, kid, typ: 'at+jwt' }, header);
  const signed = (key, more) => new SignJWT(payload).setProtectedHeader({ ...head, ...more }).sign(key);
  switch (sign) {
    case 'good':
      return signed(privateKey);
    case 'stranger':
      return signed((await generateKeyPair(keys.alg)).privateKey);
    case 'none':
      return `${encode({ ...head, alg: 'none' })}.${encode(payload)}.`;
    case 'hs256':
      return signed(Buffer.from(await exportSPKI(publicKey)), { alg: 'HS256' });
    default:
      throw new Error(`there is no way to sign that is called ${sign}`);
  }
}

function replaced(good, others) {
  const all = { ...good, ...others };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}
