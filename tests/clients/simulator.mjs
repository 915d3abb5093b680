// Starts `patchbay-simulate` (path in PATCHBAY_SIMULATE) and a webhook endpoint that keeps what it was sent, byte for byte.
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { createInterface } from "node:readline";

/// A real HTTP server in the place of the host's webhook endpoint. `handle(request, body)` -> {status, body}.
export async function startCallback(handle) {
  const deliveries = [];
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.method === "POST") deliveries.push({ body, url: request.url, headers: request.headers, signature: request.headers["x-hub-signature-256"] });
    const answer = await handle(request, body);
    response.writeHead(answer.status, { "Content-Type": "text/plain" }).end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/api/v1/webhooks/acme/whatsapp`,
    deliveries,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function startSimulator(provider, options) {
  const program = process.env.PATCHBAY_SIMULATE;
  if (!program) throw new Error("PATCHBAY_SIMULATE must name the program patchbay-simulate");
  const child = spawn(program, [provider, "--quiet", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill()); // also when a check dies half-way
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, "line").then(([line]) => line),
    once(child, "error").then(([error]) => Promise.reject(error)),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`patchbay-simulate exited with ${code}`))),
  ]);
  const url = first.replace("listening on ", "");
  const ask = async (method, path, body) => {
    const response = await fetch(`${url}/_simulator${path}`, {
      method,
      headers: { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const json = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(json)}`);
    return json;
  };
  const get = (path) => ask("GET", path);
  const post = (path, body = {}) => ask("POST", path, body);
  return {
    url,
    get,
    post,
    /// Of Meta's products: first waits for the last webhook about each send. One that is under way outlives a reset,
    /// and would come in the middle of the next test.
    async reset(product = "") {
      for (const { mid, wamid, body } of (await get(`${product}/sent`)).sent) {
        const last = body.type === "reaction" ? "sent" : "read";
        await get(`${product}/statuses?message_id=${encodeURIComponent(mid ?? wamid)}&status=${last}&timeout_ms=30000`);
      }
      await post(`${product}/reset`);
    },
    async stop() {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = await gone;
      return code;
    },
  };
}
