// Template management, read receipts, typing and reactions: what the published clients send must be taken, and what our
// simulator answers must be read by them.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { WhatsAppClient } from "@kapso/whatsapp-cloud-api";
import { verifySignature } from "@kapso/whatsapp-cloud-api/server";
import { WhatsAppAPI } from "whatsapp-api-js";
import { Reaction } from "whatsapp-api-js/messages";

import { startCallback, startSimulator } from "../simulator.mjs";

globalThis.crypto ??= webcrypto; // Node 18 has no global one, and whatsapp-api-js uses it beside its ponyfill

const APP_SECRET = "app-secret-for-tests";
const TOKEN = "token-for-tests";
const NUMBER = "401200000000002";
const PHONE = "+33639980042";

let simulator;
let callback;
let kapso;
let secreto;
let account;

before(async () => {
  callback = await startCallback(async (request, body) =>
    verifySignature({ appSecret: APP_SECRET, rawBody: body, signatureHeader: request.headers["x-hub-signature-256"] })
      ? { status: 200, body: "" }
      : { status: 401, body: "" });
  simulator = await startSimulator("whatsapp", [
    "--number", `${NUMBER}=${callback.url}`, "--app-secret", APP_SECRET, "--token", TOKEN, "--status-delay", "1",
  ]);
  account = (await simulator.get("/numbers")).numbers[0].waba_id;
  kapso = new WhatsAppClient({ accessToken: TOKEN, baseUrl: simulator.url, graphVersion: "v24.0" });
  secreto = new WhatsAppAPI({
    token: TOKEN, appSecret: APP_SECRET, v: "v24.0",
    ponyfill: { fetch: (url, init) => fetch(String(url).replace("https://graph.facebook.com", simulator.url), init) },
  });
});

afterEach(async () => {
  await simulator.reset();
  callback.deliveries.length = 0;
});

after(async () => {
  callback.close();
  assert.equal(await simulator.stop(), 0, "SIGTERM ends the simulator cleanly");
});

const create = (name, language = "en_US") =>
  kapso.templates.create({
    businessAccountId: account, name, language, category: "UTILITY",
    components: [{ type: "BODY", text: "Hi {{1}}", example: { body_text: [["Ines"]] } }],
  });

test("a template made with the package is reviewed, listed in pages and deleted", async () => {
  const made = await create("order_ready");
  assert.equal(made.status, "PENDING");
  await simulator.get(`/statuses?message_id=${made.id}&status=APPROVED&timeout_ms=30000`);
  const change = JSON.parse(callback.deliveries[0].body).entry[0].changes[0];
  assert.equal(change.field, "message_template_status_update");
  assert.equal(change.value.message_template_name, "order_ready");

  for (const language of ["fr", "de"]) await create("order_ready", language);
  const first = await kapso.templates.list({ businessAccountId: account, limit: 2 });
  assert.deepEqual(first.data.map(({ name, language }) => [name, language]),
    [["order_ready", "en_US"], ["order_ready", "fr"]]);
  assert.equal(first.data[0].status, "APPROVED");
  assert.equal(first.data[0].components[0].text, "Hi {{1}}");
  assert.ok(first.paging.next);
  const second = await kapso.templates.list({ businessAccountId: account, limit: 2, after: first.paging.cursors.after });
  assert.deepEqual(second.data.map(({ language }) => language), ["de"]);
  assert.equal(second.paging.next, undefined);
  const german = await kapso.templates.list({ businessAccountId: account, language: "de" });
  assert.equal(german.data.length, 1);

  assert.equal((await kapso.templates.delete({ businessAccountId: account, name: "order_ready" })).success, true);
  assert.deepEqual((await kapso.templates.list({ businessAccountId: account })).data, []);
});

test("the package reports what Meta refuses of a template", async () => {
  await create("twice");
  await assert.rejects(create("twice"), (error) => error.code === 100);
  await assert.rejects(create("With Capitals"), (error) => error.code === 100);
  await simulator.post("/fail", { what: "error", code: 80007, on: "templates" });
  await assert.rejects(kapso.templates.list({ businessAccountId: account }), (error) => error.code === 80007);
});

test("marking as read and typing are accepted from both packages", async () => {
  assert.equal((await kapso.messages.markRead({ phoneNumberId: NUMBER, messageId: "wamid.IN=" })).success, true);
  await kapso.messages.markRead({ phoneNumberId: NUMBER, messageId: "wamid.IN=", typingIndicator: { type: "text" } });
  assert.equal((await secreto.markAsRead(NUMBER, "wamid.IN=")).success, true);
  await secreto.markAsRead(NUMBER, "wamid.IN=", "text");
  const { requests } = await simulator.get("/requests");
  const plain = { messaging_product: "whatsapp", status: "read", message_id: "wamid.IN=" };
  const typing = { ...plain, typing_indicator: { type: "text" } };
  assert.deepEqual(requests.map(({ body }) => body), [plain, typing, plain, typing]);
  assert.equal((await simulator.get("/sent")).total, 0, "none of it is a message");
});

test("a reaction is set and taken back by both packages, and reported as sent only", async () => {
  await kapso.messages.sendReaction({ phoneNumberId: NUMBER, to: PHONE, reaction: { messageId: "wamid.IN=", emoji: "👍" } });
  await secreto.sendMessage(NUMBER, { phone: PHONE }, new Reaction("wamid.IN="));
  const { sent } = await simulator.get("/sent?at_least=2&timeout_ms=30000");
  assert.deepEqual(sent.map(({ body }) => body.reaction),
    [{ message_id: "wamid.IN=", emoji: "👍" }, { message_id: "wamid.IN=", emoji: "" }]);
  for (const { wamid } of sent)
    await simulator.get(`/statuses?message_id=${encodeURIComponent(wamid)}&status=sent&timeout_ms=30000`);
  const { webhooks } = await simulator.get("/statuses");
  // The review of an earlier test's template may still come.
  const about = webhooks.filter(({ ids }) => sent.some(({ wamid }) => ids.includes(wamid)));
  assert.deepEqual([...new Set(about.map(({ kind }) => kind))], ["status:sent"]);
});
