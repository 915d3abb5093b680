// An issuer of tokens, made with Node's own cryptography: what another implementation signs must open.
//   GET /keys         its JSON Web Key Set
//   GET /token?alg=RS256&kid=...&role=...   a token of Ada's at acme, signed with the key that is published for `alg`
//   GET /rotate       new keys; tokens of the old ones are then no good
//   GET /fetches      how often /keys was asked for
import {createServer} from 'node:http';
import {generateKeyPairSync, sign} from 'node:crypto';

let round = 0, keys, fetches = 0;
const base64url = value => Buffer.from(value).toString('base64url');

function make() {
  round += 1;
  keys = {
    RS256: {kid: `rsa-${round}`, ...generateKeyPairSync('rsa', {modulusLength: 2048})},
    ES256: {kid: `ec-${round}`, ...generateKeyPairSync('ec', {namedCurve: 'P-256'})},
  };
}

function token(query) {
  const alg = query.get('alg') ?? 'RS256';
  const key = keys[alg];
  const header = {alg, typ: 'JWT', kid: key.kid};
  const claims = {sub: '7e57ab1e-0000-4000-8000-000000000001', username: 'ada', tenant_slug: 'acme', type: 'access',
    role: query.get('role') ?? 'user', exp: Math.floor(Date.now() / 1000) + 600};
  const text = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
  return `${text}.${sign('sha256', Buffer.from(text), {key: key.privateKey, dsaEncoding: 'ieee-p1363'}).toString('base64url')}`;
}

make();
createServer((request, response) => {
  const url = new URL(request.url, 'http://issuer');
  if (url.pathname === '/token') return response.end(token(url.searchParams));
  if (url.pathname === '/fetches') return response.end(String(fetches));
  if (url.pathname === '/rotate') { make(); return response.end('rotated'); }
  if (url.pathname !== '/keys') { response.statusCode = 404; return response.end(); }
  fetches += 1;
  const list = Object.entries(keys).map(([alg, key]) => ({...key.publicKey.export({format: 'jwk'}), kid: key.kid, alg, use: 'sig'}));
  response.setHeader('Content-Type', 'application/jwk-set+json');
  response.end(JSON.stringify({keys: list}));
}).listen(Number(process.argv[2]), '127.0.0.1');
