// Drives headless Chromium through the WebDriver protocol (https://www.w3.org/TR/webdriver2/), which needs nothing but fetch.
// Usage: node docs_browser.mjs BASE_URL
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const base = process.argv[2]?.replace(/\/$/, '');
if (!base) {
  console.error('usage: docs_browser.mjs BASE_URL');
  process.exit(2);
}
const kPatience = 60_000; // a page that has not come by then will not
const kToken = 'header.claims.signature';

const driver = spawn('chromedriver', ['--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
const driverUrl = await new Promise((found, failed) => {
  driver.on('error', () => failed(new Error('chromedriver does not start: install the Debian package chromium-driver')));
  driver.on('exit', (code) => failed(new Error(`chromedriver ended with ${code}`)));
  createInterface({ input: driver.stdout }).on('line', (line) => {
    const port = /started successfully on port (\d+)/.exec(line)?.[1];
    if (port) found(`http://127.0.0.1:${port}`);
  });
});
const profile = mkdtempSync(join(tmpdir(), 'patchbay-chromium-'));
let session = '';

async function command(method, path, body) {
  const response = await fetch(driverUrl + path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${path}: ${value.message}`);
  return value;
}
const go = (path) => command('POST', `${session}/url`, { url: base + path });
const run = (script, ...args) => command('POST', `${session}/execute/sync`, { script, args });

/** Runs `script` in the page until it returns something that is not null, false or 0. */
async function until(what, script, ...args) {
  for (const end = Date.now() + kPatience; Date.now() < end; ) {
    const value = await run(script, ...args);
    if (value) return value;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`waited in vain for: ${what}`);
}

async function picture(name) {
  if (!process.env.SCREENSHOTS) return;
  const png = await command('GET', `${session}/screenshot`);
  writeFileSync(join(process.env.SCREENSHOTS, `${name}.png`), Buffer.from(png, 'base64'));
}

/** Everything that the page has loaded came from this host, and its console holds no error. */
async function checkPage() {
  const loaded = await run(`return performance.getEntriesByType('resource').map((entry) => entry.name)`);
  const foreign = loaded.filter((url) => !url.startsWith(base + '/') && !url.startsWith('data:') && !url.startsWith('blob:') && !isLogo(url));
  assert.deepEqual(foreign, [], 'the page loaded something from elsewhere');
  const log = await command('POST', `${session}/se/log`, { type: 'browser' });
  const errors = log.filter((entry) => entry.level === 'SEVERE' && !isLogo(entry.message)).map((entry) => entry.message);
  assert.deepEqual(errors, [], 'errors in the console');
}

/** ReDoc asks for its maker's logo at a CDN; the Content-Security-Policy refuses, and the page hides the gap. */
const isLogo = (text) => text.includes('cdn.redoc.ly/redoc/logo-mini.svg');

async function swagger(operations) {
  await go('/docs');
  const shown = await until('the operations in Swagger UI', `return document.querySelectorAll('.opblock').length`);
  assert.equal(shown, operations, 'operations in Swagger UI');
  await picture('swagger');
  await until('the Authorize button', `const button = document.querySelector('.btn.authorize'); button?.click(); return !!button`);
  await until('the field for the token', `return document.querySelector('.auth-container input')`);
  const field = await command('POST', `${session}/element`, { using: 'css selector', value: '.auth-container input' });
  await command('POST', `${session}/element/${Object.values(field)[0]}/value`, { text: kToken });
  await run(`document.querySelector('.auth-btn-wrapper .authorize').click()`);
  await until('the token in the browser', `return (localStorage.getItem('authorized') ?? '').includes(arguments[0])`, kToken);
  await command('POST', `${session}/refresh`, {});
  await until('the operations after a reload', `return document.querySelectorAll('.opblock').length`);
  await until('the closed lock after a reload', `return document.querySelector('.btn.authorize.locked')`);

  // Try it out: the token goes along, and this host's answer is shown.
  await run(`document.querySelector('#operations-System-testToken .opblock-summary-control').click()`);
  await until('Try it out', `const button = document.querySelector('#operations-System-testToken .try-out__btn'); button?.click(); return !!button`);
  await until('Execute', `const button = document.querySelector('#operations-System-testToken .execute'); button?.click(); return !!button`);
  const answer = await until('the answer', `return document.querySelector('#operations-System-testToken .live-responses-table .response')?.innerText`);
  assert.match(answer, /401/);
  assert.match(answer, /invalid_token/);
  const asked = await run(`return document.querySelector('#operations-System-testToken .curl')?.innerText`);
  assert.ok(asked.includes(`Bearer ${kToken}`), `the token was not sent: ${asked}`);
  assert.ok(asked.includes(`${base}/api/v1/auth/test`), `asked the wrong address: ${asked}`);
  await picture('swagger-tried');
  await command('POST', `${session}/se/log`, { type: 'browser' }); // drops the 401 that was asked for
}

async function redoc(document) {
  await go('/redoc');
  await until('the title in ReDoc', `return [...document.querySelectorAll('h1')].some((title) => title.innerText.includes(arguments[0]))`, document.info.title);
  const summaries = Object.values(document.paths).flatMap((item) => Object.values(item).map((operation) => operation?.summary).filter(Boolean));
  await until('every operation in ReDoc', `return arguments[0].every((summary) => document.body.innerText.includes(summary))`, summaries);
  await picture('redoc');
  await checkPage();
}

let failure;
try {
  const document = await (await fetch(`${base}/openapi.json`)).json();
  const methods = ['get', 'post', 'put', 'patch', 'delete'];
  const operations = Object.values(document.paths).flatMap((item) => Object.keys(item).filter((key) => methods.includes(key))).length;
  const { sessionId } = await command('POST', '/session', {
    capabilities: {
      alwaysMatch: {
        browserName: 'chrome',
        'goog:loggingPrefs': { browser: 'ALL' },
        'goog:chromeOptions': {
          binary: '/usr/bin/chromium',
          args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run',
                 '--disable-background-networking', '--disable-component-update', '--disable-sync', '--window-size=1280,1600',
                 `--user-data-dir=${profile}`],
        },
      },
    },
  });
  session = `/session/${sessionId}`;
  await go('/docs');
  await until('the operations in Swagger UI', `return document.querySelectorAll('.opblock').length`);
  await checkPage();
  await swagger(operations);
  await redoc(document);
  console.log(`ok: ${operations} operations in Swagger UI and ReDoc, the token is remembered, nothing comes from elsewhere`);
} catch (error) {
  failure = error;
  console.error(`failed: ${error.stack}`);
} finally {
  if (session) await command('DELETE', session).catch(() => {});
  driver.removeAllListeners('exit');
  driver.kill();
  rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
process.exit(failure ? 1 : 0);
