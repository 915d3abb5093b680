// Messenger's published client speaks to an Instagram account too: the protocol is the same, the limits are not.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { verifySignature } from "@kapso/whatsapp-cloud-api/server";
import messenger from "messaging-api-messenger"; // CommonJS

import { pinned, signedWebhooks } from "../pinned.mjs";
import { startCallback, startSimulator } from "../simulator.mjs";

const { MessengerClient } = messenger;
const APP_SECRET = "app-secret-for-tests";
const TOKEN = "token-for-tests";
const ACCOUNT = "17841400000000001";
const YUKI = { id: "9081112223334445", name: "佐藤ゆき" };

let simulator;
let callback;
let client;

before(async () => {
  callback = await startCallback(async (request, body) =>
    verifySignature({ appSecret: APP_SECRET, rawBody: body, signatureHeader: request.headers["x-hub-signature-256"] })
      ? { status: 200, body: "" }
      : { status: 401, body: "" });
  // All three products on one port.
  simulator = await startSimulator("graph", [
    "--account", `${ACCOUNT}=${callback.url}`, "--number", `1061=${callback.url},token=another`,
    "--app-secret", APP_SECRET, "--token", TOKEN, "--status-delay", "1",
  ]);
  client = new MessengerClient({ accessToken: TOKEN, appId: "4711", appSecret: APP_SECRET, origin: simulator.url, version: "24.0" });
});

afterEach(async () => {
  await simulator.reset("/instagram");
  callback.deliveries.length = 0;
});

after(async () => {
  callback.close();
  assert.equal(await simulator.stop(), 0, "SIGTERM ends the simulator cleanly");
});

const lastSent = async () => (await simulator.get("/instagram/sent?at_least=1&timeout_ms=30000")).sent.at(-1);

test("the signature of a webhook passes an independent check", async () => {
  const answer = await simulator.post("/instagram/deliver", { type: "text", from: YUKI, text: "こんにちは 🚲 https://a.test/b" });
  assert.equal(answer.status, 200);
  assert.equal(JSON.parse(callback.deliveries.at(-1).body).object, "instagram");
});

test("a text of a thousand bytes, and not one more", async () => {
  await client.sendText(YUKI.id, "é".repeat(500));
  assert.equal((await lastSent()).body.message.text.length, 500);
  await assert.rejects(client.sendText(YUKI.id, "é".repeat(500) + "x"), /100/);
});

test("a picture, quick replies, typing", async () => {
  await client.sendImage(YUKI.id, "https://cdn.example.test/a.jpg");
  assert.equal((await lastSent()).body.message.attachment.type, "image");
  await client.sendText(YUKI.id, "?", { quickReplies: [{ contentType: "text", title: "はい", payload: "Y" }] });
  assert.equal((await lastSent()).body.message.quick_replies.length, 1);
  assert.equal((await client.typingOn(YUKI.id)).recipientId, YUKI.id);
});

test("a send is followed by its echo, and seen names it", async () => {
  await client.sendText(YUKI.id, "Hello");
  const { mid } = await lastSent();
  await simulator.get(`/instagram/statuses?message_id=${mid}&status=read&timeout_ms=30000`);
  const items = callback.deliveries.map(({ body }) => JSON.parse(body).entry[0].messaging[0]);
  assert.deepEqual(items.map((item) => item.message?.mid ?? item.read.mid), [mid, mid]);
});

test("WhatsApp answers beside it on the same port", async () => {
  const response = await fetch(`${simulator.url}/v24.0/1061`, { headers: { Authorization: "Bearer another" } });
  assert.equal((await response.json()).id, "1061");
});

test("the package's check judges the signatures as the connector's transcript does", () => {
  const webhooks = signedWebhooks("instagram/receive_signature");
  assert.ok(webhooks.length >= 5);
  for (const { signature, body, accepted } of webhooks)
    assert.equal(verifySignature({ appSecret: "patchbay-test-secret", rawBody: Buffer.from(body), signatureHeader: signature }), accepted, body);
});

test("the package's body and the connector's, by Facebook's login, are the same", async () => {
  const body = pinned("instagram/login_facebook", "json_exact");
  await client.sendMessage(body.recipient.id, body.message, { messagingType: body.messaging_type });
  assert.deepEqual((await lastSent()).body, body);
});
