// A published Messenger client judges our simulator: what it sends must be accepted and arrive as it meant it. The signature
// of webhooks is the same for all of Meta's products, so another package's check reads it.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { verifySignature } from "@kapso/whatsapp-cloud-api/server";
import messenger from "messaging-api-messenger"; // CommonJS

import { pinned, signedWebhooks } from "../pinned.mjs";
import { startCallback, startSimulator } from "../simulator.mjs";

const { MessengerClient } = messenger;
const APP_SECRET = "app-secret-for-tests";
const TOKEN = "token-for-tests";
const PAGE = "100200300400500";
const INES = { id: "7001112223334445", name: "Inês Moreau" };

let simulator;
let callback;
let client;

before(async () => {
  callback = await startCallback(async (request, body) =>
    verifySignature({ appSecret: APP_SECRET, rawBody: body, signatureHeader: request.headers["x-hub-signature-256"] })
      ? { status: 200, body: "" }
      : { status: 401, body: "" });
  simulator = await startSimulator("messenger", [
    "--page", `${PAGE}=${callback.url}`, "--app-secret", APP_SECRET, "--token", TOKEN, "--status-delay", "1",
  ]);
  client = new MessengerClient({ accessToken: TOKEN, appId: "4711", appSecret: APP_SECRET, origin: simulator.url, version: "24.0" });
});

afterEach(async () => {
  await simulator.reset();
  callback.deliveries.length = 0;
});

after(async () => {
  callback.close();
  assert.equal(await simulator.stop(), 0, "SIGTERM ends the simulator cleanly");
});

async function lastSent() {
  const { sent } = await simulator.get("/sent?at_least=1&timeout_ms=30000");
  return sent.at(-1);
}

test("the signature of a webhook with accents, emoji and slashes passes an independent check", async () => {
  const answer = await simulator.post("/deliver", { type: "text", from: INES, text: "Où ? 🥐 https://a.test/b @x" });
  assert.equal(answer.status, 200);
  const wrong = await simulator.post("/deliver", { type: "text", from: INES, text: "x", signature: "wrong" });
  assert.equal(wrong.status, 401);
});

test("a text", async () => {
  const answer = await client.sendText(INES.id, "Bonjour 🥐");
  const sent = await lastSent();
  assert.equal(answer.messageId, sent.mid);
  assert.equal(answer.recipientId, INES.id);
  assert.deepEqual(sent.body.message, { text: "Bonjour 🥐" });
  assert.equal(sent.body.messaging_type, "UPDATE");
});

test("quick replies", async () => {
  await client.sendText(INES.id, "Pick", { quickReplies: [{ contentType: "text", title: "Red", payload: "R" }] });
  assert.deepEqual((await lastSent()).body.message.quick_replies, [{ content_type: "text", title: "Red", payload: "R" }]);
});

test("media by address", async () => {
  for (const type of ["Image", "Audio", "Video", "File"]) {
    await client[`send${type}`](INES.id, "https://cdn.example.test/a");
    assert.deepEqual((await lastSent()).body.message.attachment, { type: type.toLowerCase(), payload: { url: "https://cdn.example.test/a" } });
  }
});

test("an upload, then sent by its id", async () => {
  const { attachmentId } = await client.uploadImage(Buffer.from("png"), { filename: "a.png", isReusable: true });
  await client.sendImage(INES.id, { attachmentId });
  assert.deepEqual((await lastSent()).body.message.attachment.payload, { attachment_id: attachmentId });
  const byUrl = await client.uploadVideo("https://cdn.example.test/v", { isReusable: true });
  assert.match(byUrl.attachmentId, /^[0-9]+$/);
});

test("button and generic templates are what our connector sends", async () => {
  await client.sendButtonTemplate(INES.id, "What next?", [{ type: "postback", title: "Start", payload: "S" }]);
  assert.deepEqual((await lastSent()).body.message.attachment, {
    type: "template",
    payload: { template_type: "button", text: "What next?", buttons: [{ type: "postback", title: "Start", payload: "S" }] },
  });
  await client.sendGenericTemplate(INES.id, [
    { title: "Coast", subtitle: "8 hours", buttons: [{ type: "postback", title: "Choose", payload: "t1" }] },
  ]);
  const { payload } = (await lastSent()).body.message.attachment;
  assert.equal(payload.template_type, "generic");
  assert.deepEqual(payload.elements, [{ title: "Coast", subtitle: "8 hours", buttons: [{ type: "postback", title: "Choose", payload: "t1" }] }]);
});

test("typing and mark-seen leave no message", async () => {
  for (const action of ["typingOn", "typingOff", "markSeen"]) {
    const answer = await client[action](INES.id);
    assert.equal(answer.recipientId, INES.id);
    assert.equal(answer.messageId, undefined);
  }
  assert.equal((await simulator.get("/sent")).total, 0);
});

test("the profile of who has written, and no other", async () => {
  await assert.rejects(client.getUserProfile("7009"));
  await simulator.post("/deliver", { type: "text", from: INES, text: "x" });
  const profile = await client.getUserProfile(INES.id, { fields: ["id", "name", "first_name", "last_name"] });
  assert.deepEqual([profile.name, profile.firstName, profile.lastName], ["Inês Moreau", "Inês", "Moreau"]);
});

test("the page itself", async () => {
  assert.equal((await client.getPageInfo()).id, PAGE);
});

test("errors carry Meta's code and subcode", async () => {
  await simulator.post("/fail", { what: "error", code: 10, subcode: 2018278 });
  await assert.rejects(client.sendText(INES.id, "late"), (error) => {
    assert.equal(error.response.data.error.errorSubcode, 2018278);
    assert.match(error.message, /10/);
    return true;
  });
  await assert.rejects(client.sendText(INES.id, "x".repeat(2001)), /100/);
});

test("a send is followed by its echo and by watermarks", async () => {
  await client.sendText(INES.id, "Bonjour", { messagingType: "RESPONSE" });
  const { mid } = await lastSent();
  await simulator.get(`/statuses?message_id=${mid}&status=read&timeout_ms=30000`);
  const items = callback.deliveries.map(({ body }) => JSON.parse(body).entry[0].messaging[0]);
  assert.equal(items[0].message.mid, mid);
  assert.ok(items[1].delivery.watermark <= items[2].read.watermark);
});

test("the package's check judges the signatures as the connector's transcript does", () => {
  const webhooks = signedWebhooks("messenger/receive_signature");
  assert.ok(webhooks.length >= 5);
  for (const { signature, body, accepted } of webhooks)
    assert.equal(verifySignature({ appSecret: "patchbay-test-secret", rawBody: Buffer.from(body), signatureHeader: signature }), accepted, body);
});

test("the package's body and the connector's are the same", async () => {
  const body = pinned("messenger/send_text", "json_exact");
  await client.sendMessage(body.recipient.id, body.message, { messagingType: body.messaging_type });
  assert.deepEqual((await lastSent()).body, body);
});
