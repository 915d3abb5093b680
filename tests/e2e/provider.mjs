// The provider that the template's connectors talk to: takes messages, tells what it took. provider.mjs: prints its port.
import http from 'node:http';

const sent = [];
const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const answer = (status, json) => response.writeHead(status, {'Content-Type': 'application/json'}).end(JSON.stringify(json));
    if (request.method === 'GET' && request.url === '/sent') return answer(200, sent);
    const [, who, path] = request.url.split('/');
    if (request.method !== 'POST' || path !== 'messages') return answer(404, {error: 'no such path'});
    if (request.headers.authorization !== `Bearer key-of-${who}`) return answer(401, {error: 'no such key'});
    sent.push({who, ...JSON.parse(body)});
    answer(200, {id: `${who}-${sent.length}`});
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit(0));
