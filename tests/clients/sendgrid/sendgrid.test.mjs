// SendGrid's own npm packages judge our simulator: its webhooks must pass their signature check, and their mail must be
// taken by its API. What the connector sends is compared with what the package sends by the body that both have in common.
import assert from "node:assert/strict";
import { createVerify, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";

import eventWebhook from "@sendgrid/eventwebhook";
import mailClient from "@sendgrid/client";
import mail from "@sendgrid/mail";

import { startCallback, startSimulator } from "../simulator.mjs";

const { EventWebhook, EventWebhookHeader } = eventWebhook;
const KEY = "SG.key-for-tests";
const FROM = "help@patchbay.example";
// Of the fact sheet: the pair with which the simulator signs unless told otherwise, and a body signed with it elsewhere.
const VECTOR = {
  timestamp: "1767225605",
  publicKey: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5UGydUmsL4uQEDwSu6Jo3aRtnEQz3IgRDkWPeCV8G1607veDfZQMaQ4EjYSM8H/nLtTXPwMLV6fPArUNeho7fA==",
  body: "W3siZW1haWwiOiJyY3B0QGV4YW1wbGUub3JnIiwiZXZlbnQiOiJkZWxpdmVyZWQiLCJwYl9tc2ciOiIwMUhaWDQiLCJyZXNwb25zZSI6IjI1MCBPSyIsInNnX2V2ZW50X2lkIjoiWlhaMExURSIsInNnX21lc3NhZ2VfaWQiOiJhQmNEZUZnSGlKa0xtTm9QcVJzVHVWLnJlY3ZkLTEtMi0zLjAiLCJzbXRwLWlkIjoiPGFCY0RlRmdIaUprTG1Ob1BxUnNUdVZAZ2VvcG9kLWlzbXRwZC0xPiIsInRpbWVzdGFtcCI6MTc2NzIyNTYwMH1dDQo=",
  signature: "MEUCIGTX7QE9gFDUoOjvGbMgTSFgknrlrf1awbIYSPEtgH9HAiEA1FXOrsko0JelyNIIONu4Onn0jG2XYdAZHVV+IPNVEF8=",
};

let simulator;
let callback;
let webhook;
let publicKey;

const signatureOf = (delivery) => delivery.headers[EventWebhookHeader.SIGNATURE().toLowerCase()];
const timestampOf = (delivery) => delivery.headers[EventWebhookHeader.TIMESTAMP().toLowerCase()];
const byPackage = (delivery) => webhook.verifySignature(publicKey, delivery.body, signatureOf(delivery), timestampOf(delivery));
/// The package turns the body into a UTF-8 string first, so it wrongly refuses bodies that are none.
const byNode = (delivery) => createVerify("sha256").update(timestampOf(delivery)).update(delivery.body)
  .verify(createPublicKey({ key: Buffer.from(VECTOR.publicKey, "base64"), format: "der", type: "spki" }), signatureOf(delivery), "base64");

before(async () => {
  callback = await startCallback(async () => ({ status: 200, body: "" }));
  simulator = await startSimulator("sendgrid", ["--mailbox", `${FROM}=${callback.url}`, "--api-key", KEY, "--event-delay", "1"]);
  webhook = new EventWebhook();
  publicKey = webhook.convertPublicKeyToECDSA((await simulator.get("/key")).public_key);
  mailClient.setApiKey(KEY);
  mailClient.setDefaultRequest("baseUrl", simulator.url + "/");
  mail.setClient(mailClient);
});

afterEach(async () => {
  await simulator.post("/reset");
  callback.deliveries.length = 0;
});

after(async () => {
  callback.close();
  assert.equal(await simulator.stop(), 0, "SIGTERM ends the simulator cleanly");
});

const last = () => callback.deliveries.at(-1);

test("the package takes the published vector and refuses a trimmed body, as our own check does", () => {
  const body = Buffer.from(VECTOR.body, "base64");
  assert.equal((webhook.verifySignature(publicKey, body, VECTOR.signature, VECTOR.timestamp)), true);
  assert.equal(webhook.verifySignature(publicKey, body.subarray(0, -2), VECTOR.signature, VECTOR.timestamp), false);
  assert.equal(webhook.verifySignature(publicKey, body, VECTOR.signature, "1767225606"), false);
});

test("events that the simulator signs pass the package's check", async () => {
  const [answer] = await mail.send({ to: "ana@example.org", from: FROM, subject: "Größe 🚲", text: "Hello" });
  assert.equal(answer.statusCode, 202);
  const id = answer.headers["x-message-id"];
  await simulator.get(`/events?message_id=${id}&event=delivered&timeout_ms=30000`);
  assert.equal(callback.deliveries.length, 2);
  for (const delivery of callback.deliveries) {
    assert.equal(byPackage(delivery), true);
    assert.match(delivery.url, /\/events$/);
    const [event] = JSON.parse(delivery.body);
    assert.equal(event.sg_message_id.split(".")[0], id);
  }
});

test("a batch with every event passes, and a wrong signature does not", async () => {
  const words = ["processed", "deferred", "delivered", "bounce", "dropped", "open", "click", "spamreport", "unsubscribe"];
  await simulator.post("/deliver", { type: "events", events: words.map((event) => ({ event, email: "ä@example.org" })) });
  assert.equal(byPackage(last()), true);
  assert.match(last().body.toString(), /,\r\n\{.*\}\]\r\n$/);
  await simulator.post("/deliver", { type: "events", events: [], signature: "wrong" });
  assert.equal(byPackage(last()), false);
});

test("inbound mail is signed over its very bytes", async () => {
  await simulator.post("/deliver", { from: { email: "ana@example.org" }, subject: "Café", text: "Hallo", mode: "raw" });
  assert.equal(byPackage(last()), true);
  assert.equal(byNode(last()), true);
  await simulator.post("/deliver", {
    from: { email: "ana@example.org" }, text: "x", mode: "parsed", files: [{ filename: "a.bin", base64: "AP/+gIE=" }],
  });
  assert.equal(byNode(last()), true);
  assert.equal(byPackage(last()), false, "binary bodies are where the package errs; when it no longer does, use it for all");
});

test("every documented part of a mail that the package writes is taken", async () => {
  await mail.send({
    to: { email: "ana@example.org", name: "Ana" }, cc: "b@example.org", from: { email: FROM, name: "Support" },
    replyTo: "help+7@in.example", subject: "Re: Café", text: "Hello", html: "<p>Hello</p>",
    attachments: [{ content: "iVBORw0KGgo=", filename: "a.png", type: "image/png", disposition: "inline", content_id: "i1" }],
    headers: { "Message-ID": "<1@patchbay.example>", "In-Reply-To": "<m@example.org>", References: "<m@example.org>" },
    customArgs: { pb_msg: "1" }, categories: ["patchbay"], trackingSettings: { clickTracking: { enable: false } },
  });
  const { sent } = await simulator.get("/sent?at_least=1");
  assert.equal(sent[0].body.headers["In-Reply-To"], "<m@example.org>");
  assert.equal(sent[0].body.attachments[0].content_id, "i1");
});

test("the package reads the errors that the simulator answers", async () => {
  const refused = (options) => mail.send({ to: "ana@example.org", from: FROM, subject: "x", text: "x", ...options })
    .then(() => assert.fail("taken"), (error) => error);
  const unverified = await refused({ from: "stranger@patchbay.example" });
  assert.equal(unverified.code, 403);
  assert.equal(unverified.response.body.errors[0].field, "from");
  assert.equal((await refused({ headers: { "Reply-To": "x@example.org" } })).code, 400);
  await simulator.post("/fail", { what: "error", code: 429, retry_after: 30 });
  const slow = await refused({});
  assert.equal(slow.code, 429);
  assert.ok(Number(slow.response.headers["x-ratelimit-reset"]) > Date.now() / 1000);
});

/// transcripts/send_text.yaml says what the connector sends; here is what the package makes of the same mail.
test("the package's body and the connector's are the same", async () => {
  await mail.send({
    from: { email: FROM, name: "Support" }, replyTo: { email: "help+7.mwwwwadfg23h5bfy@in.patchbay.example" }, subject: "Re: Café",
    content: [{ type: "text/plain", value: "Hello\n" }],
    personalizations: [{
      to: [{ email: "ana@example.org" }],
      customArgs: { pb_msg: "0190d3d2-7d7e-7000-8000-000000000001", pb_conn: FROM },
    }],
    headers: { "Message-ID": "<0190d3d2-7d7e-7000-8000-000000000001@patchbay.example>" }, categories: ["patchbay"],
    trackingSettings: { clickTracking: { enable: false }, openTracking: { enable: false } },
  });
  const { sent } = await simulator.get("/sent?at_least=1");
  const plugins = process.env.PATCHBAY_PLUGINS;
  if (!plugins) throw new Error("PATCHBAY_PLUGINS must name the folder plugins/");
  const transcript = readFileSync(`${plugins}/sendgrid/transcripts/send_text.yaml`, "utf8");
  const [, flow] = /json_exact: (\{.*\})$/m.exec(transcript);
  const expected = JSON.parse(flow.replace(/([{,] )([A-Za-z_][\w-]*):/g, '$1"$2":'));
  assert.deepEqual(sent[0].body, expected);
});
