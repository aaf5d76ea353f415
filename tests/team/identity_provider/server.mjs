// An OpenID Connect provider on loopback, with made-up people: what a company's is to the hub.
//
// node server.mjs MODULES PORT CALLBACK LOGOUT PEOPLE
//   MODULES   the folder node_modules with oidc-provider
//   CALLBACK  where the hub waits for the answer;  LOGOUT  where the browser goes after signing out
//   PEOPLE    {"ada": {"groups": ["…"]}, …} as JSON
//
// PUT /test/token {"aud": "…"} makes the next ID token say something else, signed by the same key;
// {"key": "other"} has another key sign it, {"alg": "none"} none. PUT /test/people replaces PEOPLE.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, port, callback, logout, people_] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Provider } = await load('oidc-provider');
const jose = await load('jose');

let people = JSON.parse(people_);
let forged = null;

async function newKey() {
  const { privateKey } = await jose.generateKeyPair('RS256', { extractable: true });
  return { ...(await jose.exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: 'first' };
}
const key = await newKey();
const otherKey = await newKey(); // of the same name

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'hub',
    client_secret: 'a-secret-for-tests',
    redirect_uris: [callback],
    post_logout_redirect_uris: [logout],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  }],
  jwks: { keys: [key] },
  cookies: { keys: ['for tests'] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], profile: ['preferred_username', 'name'], groups: ['groups'] },
  scopes: ['openid', 'offline_access', 'profile', 'groups'],
  issueRefreshToken: async () => true,
  ttl: { AccessToken: 3600, Grant: 3600, IdToken: 3600, Interaction: 3600, RefreshToken: 3600, Session: 3600 },
  async findAccount(_, id) {
    if (!people[id]) return undefined;
    return { accountId: id, claims: () => ({ sub: `id-of-${id}`, preferred_username: id, ...people[id] }) };
  },
});

async function forge(token) {
  const { alg = 'RS256', key: which, ...changes } = forged;
  const claims = { ...jose.decodeJwt(token), ...changes };
  if (alg === 'none') return new jose.UnsecuredJWT(claims).encode();
  const signer = await jose.importJWK(which === 'other' ? otherKey : key, 'RS256');
  return new jose.SignJWT(claims).setProtectedHeader({ alg, kid: 'first' }).sign(signer);
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

provider.use(async (ctx, next) => {
  if (ctx.method === 'PUT' && ctx.path === '/test/token') {
    forged = await body(ctx.req);
    ctx.status = 204;
  } else if (ctx.method === 'PUT' && ctx.path === '/test/people') {
    people = await body(ctx.req);
    ctx.status = 204;
  } else {
    await next();
    if (ctx.path === '/token' && ctx.body?.id_token && forged) {
      ctx.body.id_token = await forge(ctx.body.id_token);
      forged = null;
    }
  }
});

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
