// Twilio's own library judges our simulator: its signature check passes what is delivered, and its REST client is served.
import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";

import twilio from "twilio";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";

import { pinned, transcript, unitTest } from "../pinned.mjs";
import { startSimulator } from "../simulator.mjs";

const ACCOUNT = "AC00112233445566778899aabbccddeeff";
const TOKEN = "5f1e0d2c3b4a59687766554433221100";
const CUSTOMER = "+15550001111";

let simulator;
let server;
let callback;
let client;
const deliveries = [];

before(async () => {
  server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const fields = Object.fromEntries(new URLSearchParams(body));
    const url = `http://${request.headers.host}${request.url}`;
    const valid = twilio.validateRequest(TOKEN, request.headers["x-twilio-signature"] ?? "", url, fields);
    deliveries.push({ url, fields, valid });
    response.writeHead(valid ? 200 : 403, { "Content-Type": "text/xml" }).end("<Response/>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  callback = `http://127.0.0.1:${server.address().port}/api/v1/webhooks/acme/sms`;
  simulator = await startSimulator("twilio", ["--auth-token", TOKEN, "--callback", callback, "--status-delay", "0"]);
  // The client knows one host; its requests go to the simulator instead.
  const httpClient = new twilio.RequestClient();
  const send = httpClient.request.bind(httpClient);
  httpClient.request = (options) => send({ ...options, uri: options.uri.replace("https://api.twilio.com", simulator.url) });
  client = twilio(ACCOUNT, TOKEN, { httpClient });
});

after(async () => {
  await simulator?.stop();
  server?.closeAllConnections();
  server?.close();
});

test("an SMS is signed as the library expects, blanks and emoji included", async () => {
  const told = await simulator.post("/deliver", { from: CUSTOMER, text: "Café & 1+1=2 €  👋 " });
  assert.equal(told.status, 200);
  const last = deliveries.at(-1);
  assert.equal(last.valid, true);
  assert.equal(last.fields.Body, "Café & 1+1=2 €  👋 ");
});

test("a wrong signature is refused by the library", async () => {
  for (const signature of ["wrong", "missing"])
    assert.equal((await simulator.post("/deliver", { from: CUSTOMER, text: "x", signature })).status, 403);
});

test("a WhatsApp location is signed, too", async () => {
  const fields = { Latitude: "52.52", Longitude: "13.405", Label: "Gate & more" };
  assert.equal((await simulator.post("/deliver", { from: `whatsapp:${CUSTOMER}`, text: "", fields })).status, 200);
});

test("the library's messages are accepted, and its status callbacks signed", async () => {
  const statusCallback = `${callback}/status?ref=11111111-2222-4333-8444-555555555555`;
  const message = await client.messages.create({ to: CUSTOMER, from: "+15550002222", body: "Hello", statusCallback });
  assert.match(message.sid, /^SM[0-9a-f]{32}$/);
  assert.equal(message.status, "queued");
  await simulator.get(`/statuses?message_id=${message.sid}&status=delivered&timeout_ms=30000`);
  const status = deliveries.find((one) => one.fields.MessageSid === message.sid && one.fields.MessageStatus === "delivered");
  assert.equal(status.valid, true);
  assert.equal(status.url, statusCallback);
  assert.equal((await client.messages(message.sid).fetch()).status, "delivered");
});

test("media and templates are sent as the library writes them", async () => {
  const mms = await client.messages.create({ to: CUSTOMER, from: "+15550002222", mediaUrl: ["https://a.example/1", "https://a.example/2"] });
  assert.equal(mms.numMedia, "2");
  const sent = await simulator.get("/sent");
  assert.deepEqual(sent.at(-1).media, ["https://a.example/1", "https://a.example/2"]);
  await client.messages.create({
    to: `whatsapp:${CUSTOMER}`, from: "whatsapp:+15550003333", contentSid: "HX0123456789abcdef0123456789abcdef",
    contentVariables: JSON.stringify({ 1: "Ana" }),
  });
});

test("errors come as the library's exceptions", async () => {
  const refused = (options, code) => assert.rejects(client.messages.create(options), (error) => error.code === code);
  await refused({ to: "+01234567", from: "+15550002222", body: "x" }, 21211);
  await refused({ to: CUSTOMER, from: "+15550009999", body: "x" }, 21606);
  await simulator.post("/deliver", { from: "+15550001199", text: "STOP" });
  await refused({ to: "+15550001199", from: "+15550002222", body: "x" }, 21610);
});

/// tests/unit/connectors/signature_webhook_test.cpp has the webhook, its address and the code that our own check takes.
test("the library signs the webhook that our own check is tested with, and gets the same code", () => {
  const source = unitTest("connectors/signature_webhook_test.cpp");
  const constant = (name) => {
    const [, value] = new RegExp(`${name} =\\s*((?:"[^"]*"\\s*)+);`).exec(source);
    return value.match(/"[^"]*"/g).map((piece) => piece.slice(1, -1)).join("");
  };
  const [, token] = /kToken = "(\w+)"/.exec(source);
  const fields = Object.fromEntries(new URLSearchParams(constant("kInboundBody")));
  const url = `${constant("kInbound")}?route=eu%2F1&tag=a+b`;
  assert.equal(getExpectedTwilioSignature(token, url, fields), constant("kInboundCode"));
  assert.notEqual(getExpectedTwilioSignature(token, url, { ...fields, x: "" }), constant("kInboundCode"));
});

test("the library's request for a text and the connector's are the same", async () => {
  const form = pinned("twilio/send_text", "form");
  const [, url] = /url: "(.*)"/.exec(transcript("twilio/send_text"));
  let made;
  const httpClient = { request: async (options) => ((made = options), { statusCode: 201, body: { sid: "SM1" } }) };
  await twilio(ACCOUNT, TOKEN, { httpClient }).messages.create({
    to: form.To, from: form.From, body: form.Body, statusCallback: form.StatusCallback,
  });
  assert.equal(`${made.method} ${made.uri}`.toUpperCase(), `POST ${url}`.toUpperCase());
  assert.equal(made.headers["Content-Type"], "application/x-www-form-urlencoded");
  assert.deepEqual(made.data, form);
});
