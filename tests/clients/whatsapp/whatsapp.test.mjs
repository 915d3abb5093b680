// Two published clients of the WhatsApp Cloud API judge our simulator: their signature checks and parsers read what it
// delivers, and their senders must be accepted by its Graph API.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { WhatsAppClient } from "@kapso/whatsapp-cloud-api";
import { normalizeWebhook, verifySignature } from "@kapso/whatsapp-cloud-api/server";
import { WhatsAppAPI } from "whatsapp-api-js";
import {
  ActionButtons, ActionCTA, ActionList, ActionLocation, Audio, Body, BodyComponent, BodyParameter, Button,
  Document, Footer, Header, HeaderComponent, HeaderParameter, Image, Interactive, ListSection, Location,
  PayloadComponent, Reaction, Row, Sticker, Template, Text, URLComponent, Video,
} from "whatsapp-api-js/messages";

import { pinned, unitTest } from "../pinned.mjs";
import { startCallback, startSimulator } from "../simulator.mjs";

globalThis.crypto ??= webcrypto; // Node 18 has no global one, and whatsapp-api-js uses it beside its ponyfill

const APP_SECRET = "app-secret-for-tests";
const TOKEN = "token-for-tests";
const VERIFY_TOKEN = "verify-token-for-tests";
const NUMBER = "401200000000002";
const INES = { name: "Inês Moreau", phone: "+33639980042", bsuid: "FR.7781234500991122", username: "@inesm" };
const HIDDEN = { name: "陳小芳", bsuid: "TW.9032118844220077" };

let simulator;
let callback;
let kapso;
let secreto;

before(async () => {
  secreto = new WhatsAppAPI({
    token: TOKEN,
    appSecret: APP_SECRET,
    webhookVerifyToken: VERIFY_TOKEN,
    v: "v24.0",
    ponyfill: {
      fetch: (url, init) => fetch(String(url).replace("https://graph.facebook.com", simulator.url), init),
    },
  });
  callback = await startCallback(async (request, body) => {
    if (request.method !== "GET")
      return verifySignature({ appSecret: APP_SECRET, rawBody: body, signatureHeader: request.headers["x-hub-signature-256"] })
        ? { status: 200, body: "" }
        : { status: 401, body: "" };
    try {
      return { status: 200, body: secreto.get(Object.fromEntries(new URL(request.url, "http://x").searchParams)) };
    } catch {
      return { status: 403, body: "" };
    }
  });
  simulator = await startSimulator("whatsapp", [
    "--number", `${NUMBER}=${callback.url}`, "--app-secret", APP_SECRET, "--token", TOKEN,
    "--verify-token", VERIFY_TOKEN, "--status-delay", "1",
  ]);
  kapso = new WhatsAppClient({ accessToken: TOKEN, baseUrl: simulator.url, graphVersion: "v24.0" });
});

afterEach(async () => {
  await simulator.reset();
  callback.deliveries.length = 0;
});

after(async () => {
  callback.close();
  assert.equal(await simulator.stop(), 0, "SIGTERM ends the simulator cleanly");
});

/// Delivers an event and returns the webhook as the endpoint got it, once the endpoint has accepted its signature.
async function deliver(event) {
  const answer = await simulator.post("/deliver", event);
  assert.equal(answer.status, 200, "the package's verifySignature accepts what the simulator signs");
  const { body, signature } = callback.deliveries.at(-1);
  return { ids: answer.ids, raw: body.toString(), signature, json: JSON.parse(body) };
}

/// The body of the last accepted send.
async function lastSent() {
  const { sent } = await simulator.get("/sent?at_least=1&timeout_ms=30000");
  return sent.at(-1);
}

test("both packages accept the signature of a body with accents, emoji, links and an @", async () => {
  const { raw, signature } = await deliver({
    type: "text", from: INES, text: "Où ? 🥐 https://example.test/a?b=1 ines@example.test \u2028 \"quoted\" \\ back",
  });
  assert.match(raw, /^[\x20-\x7e]+$/, "the wire form is pure ASCII");
  assert.match(raw, /https:\\\/\\\/example\.test/);
  assert.ok(await secreto.verifyRequestSignature(raw, signature));
});

test("both packages refuse a wrong signature and one over re-serialised JSON", async () => {
  const event = { type: "text", from: INES, text: "é", signature: "wrong" };
  assert.equal((await simulator.post("/deliver", event)).status, 401);
  const { raw, signature } = await deliver({ type: "text", from: INES, text: "é / 🥐" });
  const again = JSON.stringify(JSON.parse(raw));
  assert.equal(verifySignature({ appSecret: APP_SECRET, rawBody: again, signatureHeader: signature }), false);
});

test("the package answers our handshake, and we see when it refuses", async () => {
  assert.deepEqual(await simulator.post("/verify", { phone_number_id: NUMBER }), { ok: true, problem: "" });
  await simulator.post("/numbers", { phone_number_id: "7", callback_url: callback.url, verify_token: "another" });
  await assert.rejects(simulator.post("/verify", { phone_number_id: "7" }), /403/);
});

for (const layout of ["changes", "entries", "value"])
  test(`normalizeWebhook flattens a batch laid out as ${layout} in our order`, async () => {
    const { ids, json } = await deliver({
      type: "batch", layout,
      events: [
        { type: "text", from: INES, text: "un" },
        { type: "text", from: HIDDEN, text: "二" },
        { type: "location", from: INES, content: { latitude: 48.8566, longitude: 2.3522, name: "Bureau" } },
        { type: "status", message_id: "wamid.OUT=", status: "delivered", to: INES },
      ],
    });
    const flat = normalizeWebhook(json);
    assert.equal(flat.object, "whatsapp_business_account");
    assert.equal(flat.phoneNumberId, NUMBER);
    assert.deepEqual(flat.messages.map((message) => message.id), ids);
    assert.deepEqual(flat.messages.map((message) => message.type), ["text", "text", "location"]);
    assert.equal(flat.messages[1].text.body, "二");
    assert.equal(flat.messages[1].from, undefined, "a hidden number is nowhere");
    assert.equal(flat.messages[1].fromUserId, HIDDEN.bsuid);
    assert.equal(flat.messages[2].location.latitude, 48.8566);
    assert.ok(flat.messages.every((message) => message.kapso.direction === "inbound"));
    assert.deepEqual(flat.statuses.map(({ id, status }) => [id, status]), [["wamid.OUT=", "delivered"]]);
    assert.equal(flat.statuses[0].recipientId, "33639980042");
    assert.equal(flat.contacts[0].profile.name, INES.name);
    assert.equal(flat.contacts[0].waId, "33639980042");
    assert.equal(flat.contacts[1].waId, undefined);
    assert.equal(flat.contacts[1].userId, HIDDEN.bsuid);
  });

test("normalizeWebhook reads replies, media and what is unsupported", async () => {
  const reply = normalizeWebhook((await deliver({ type: "text", from: INES, text: "oui", reply_to: "wamid.OUT=" })).json);
  assert.equal(reply.messages[0].context.id, "wamid.OUT=");
  const image = normalizeWebhook(
    (await deliver({ type: "image", from: INES, media: { base64: "aGk=", mime_type: "image/png", caption: "légende" } })).json);
  assert.equal(image.messages[0].image.caption, "légende");
  assert.equal(image.messages[0].image.sha256, "j0NDRmSPa5bfid2pAcUXaxCm2Dlh3TwayItZstwyeqQ=");
  const poll = normalizeWebhook((await deliver({ type: "unsupported", from: INES, content: { type: "poll" } })).json);
  assert.equal(poll.messages[0].type, "unsupported");
});

test("whatsapp-api-js emits our message and our status", async () => {
  const seen = [];
  secreto.on.message = ({ phoneID, message, name }) => void seen.push([phoneID, message.type, name]);
  secreto.on.status = ({ phoneID, id, status }) => void seen.push([phoneID, id, status]);
  for (const event of [
    { type: "text", from: INES, text: "salut" },
    { type: "status", message_id: "wamid.OUT=", status: "read", to: INES },
  ]) {
    const { json, raw, signature } = await deliver(event);
    await secreto.post(json, raw, signature);
  }
  assert.deepEqual(seen, [[NUMBER, "text", INES.name], [NUMBER, "wamid.OUT=", "read"]]);
});

test("the demo's webhooks are read by normalizeWebhook to the last message", async () => {
  const told = await simulator.post("/demo/customers");
  const ids = callback.deliveries.flatMap(({ body }) => normalizeWebhook(JSON.parse(body)).messages.map((m) => m.id));
  assert.deepEqual(ids, told.steps.flatMap((step) => step.ids));
  assert.equal(new Set(ids).size, told.messages, "the repeat apart, each is new");
});

test("a text sent with @kapso/whatsapp-cloud-api is accepted, and its statuses come back", async () => {
  const answer = await kapso.messages.sendText({
    phoneNumberId: NUMBER, to: INES.phone, body: "Bonjour 🥐", previewUrl: true, contextMessageId: "wamid.IN=",
    bizOpaqueCallbackData: "out-42",
  });
  const message = await lastSent();
  assert.equal(answer.messages[0].id, message.wamid);
  assert.equal(answer.contacts[0].waId, "33639980042");
  assert.deepEqual(message.body, {
    messaging_product: "whatsapp", recipient_type: "individual", to: INES.phone, type: "text",
    context: { message_id: "wamid.IN=" }, biz_opaque_callback_data: "out-42",
    text: { body: "Bonjour 🥐", preview_url: true },
  });
  await simulator.get(`/statuses?message_id=${encodeURIComponent(message.wamid)}&status=read&timeout_ms=30000`);
  const statuses = callback.deliveries.flatMap(({ body }) => normalizeWebhook(JSON.parse(body)).statuses);
  assert.deepEqual(statuses.map((status) => status.status), ["sent", "delivered", "read"]);
  assert.ok(statuses.every((status) => status.bizOpaqueCallbackData === "out-42" && status.id === message.wamid));
});

test("media uploaded with the package is fetched back in two steps and can be sent", async () => {
  const file = new Blob([Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 13, 10])], { type: "image/png" });
  const { id } = await kapso.media.upload({ phoneNumberId: NUMBER, type: "image/png", file, fileName: "a.png" });
  const about = await kapso.media.get({ mediaId: id });
  assert.equal(about.mimeType, "image/png");
  assert.match(about.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(new Uint8Array(await kapso.media.download({ mediaId: id, auth: "always" })),
    new Uint8Array(await file.arrayBuffer()));
  await kapso.messages.sendImage({ phoneNumberId: NUMBER, to: INES.phone, image: { id, caption: "voilà" } });
  assert.deepEqual((await lastSent()).body.image, { id, caption: "voilà" });
  await secreto.sendMessage(NUMBER, { phone: INES.phone }, new Image(id, true, "encore"));
  assert.deepEqual((await lastSent()).body.image, { id, caption: "encore" });
  assert.equal((await kapso.media.delete({ mediaId: id })).success, true);
  await assert.rejects(kapso.media.get({ mediaId: id }));
});

test("the package's read receipt with typing indicator is accepted", async () => {
  const receipt = { phoneNumberId: NUMBER, messageId: "wamid.IN=", typingIndicator: { type: "text" } };
  assert.equal((await kapso.messages.markRead(receipt)).success, true);
  assert.deepEqual(await secreto.markAsRead(NUMBER, "wamid.IN=", "text"), { success: true });
  assert.equal((await simulator.get("/sent")).total, 0);
});

// By this package: whatsapp-api-js 6.3.0 sends contacts as a string that holds JSON, and ours takes the documented array only.
test("contacts of @kapso/whatsapp-cloud-api are accepted", async () => {
  const contact = { name: { formattedName: "A. Roy", firstName: "A." }, phones: [{ phone: "+33139980042", type: "WORK" }] };
  await kapso.messages.sendContacts({ phoneNumberId: NUMBER, to: INES.phone, contacts: [contact] });
  assert.deepEqual((await lastSent()).body.contacts,
    [{ name: { formatted_name: "A. Roy", first_name: "A." }, phones: [{ phone: "+33139980042", type: "WORK" }] }]);
});

/// Everything else whatsapp-api-js can build, with what the fact sheet says it looks like on the wire.
const built = [
  ["text", new Text("salut", true), { body: "salut", preview_url: true }],
  ["location", new Location(2.3522, 48.8566, "Bureau", "1 rue X"),
    { latitude: 48.8566, longitude: 2.3522, name: "Bureau", address: "1 rue X" }],
  ["reaction", new Reaction("wamid.IN=", "👍"), { message_id: "wamid.IN=", emoji: "👍" }],
  ["reaction", new Reaction("wamid.IN="), { message_id: "wamid.IN=", emoji: "" }],
  ["document", new Document("https://example.test/a.pdf", false, "offre", "offre.pdf"),
    { link: "https://example.test/a.pdf", caption: "offre", filename: "offre.pdf" }],
  ["video", new Video("https://example.test/a.mp4"), { link: "https://example.test/a.mp4" }],
  ["audio", new Audio("https://example.test/a.mp3"), { link: "https://example.test/a.mp3" }],
  ["sticker", new Sticker("https://example.test/a.webp"), { link: "https://example.test/a.webp" }],
  ["interactive",
    new Interactive(new ActionButtons(new Button("y", "Oui"), new Button("n", "Non")), new Body("?"), new Header("T"), new Footer("f")),
    { type: "button", body: { text: "?" }, header: { type: "text", text: "T" }, footer: { text: "f" },
      action: { buttons: [{ type: "reply", reply: { id: "y", title: "Oui" } }, { type: "reply", reply: { id: "n", title: "Non" } }] } }],
  ["interactive", new Interactive(new ActionList("Menu", new ListSection("S", new Row("r1", "Row", "d"))), new Body("?")),
    { type: "list", body: { text: "?" },
      action: { button: "Menu", sections: [{ title: "S", rows: [{ id: "r1", title: "Row", description: "d" }] }] } }],
  ["interactive", new Interactive(new ActionCTA("Open", "https://example.test"), new Body("?")),
    { type: "cta_url", body: { text: "?" },
      action: { name: "cta_url", parameters: { display_text: "Open", url: "https://example.test" } } }],
  ["interactive", new Interactive(new ActionLocation(), new Body("?")),
    { type: "location_request_message", body: { text: "?" }, action: { name: "send_location" } }],
  ["template",
    new Template("order_ready", "en_US", new HeaderComponent(new HeaderParameter("Order")),
      new BodyComponent(new BodyParameter("Ines"), new BodyParameter("A-17")), new PayloadComponent("TRACK"),
      new URLComponent("A-17")),
    null],
];

for (const [type, message, expected] of built)
  test(`${message.constructor.name} of whatsapp-api-js is accepted: ${JSON.stringify(expected)?.slice(0, 60) ?? "as a template"}`, async () => {
    const answer = await secreto.sendMessage(NUMBER, { phone: INES.phone }, message, undefined, "ref-1");
    assert.ok(answer.messages?.[0]?.id.startsWith("wamid."), JSON.stringify(answer));
    const { body } = await lastSent();
    assert.equal(body.type, type);
    assert.equal(body.to, INES.phone);
    assert.equal(body.biz_opaque_callback_data, "ref-1");
    if (expected) assert.deepEqual(body[type], expected);
  });

test("a template of the package has the components of the sheet", async () => {
  await secreto.sendMessage(NUMBER, { phone: INES.phone }, built.at(-1)[1]);
  const { name, language, components } = (await lastSent()).body.template;
  assert.equal(name, "order_ready");
  assert.equal(language.code, "en_US");
  assert.deepEqual(components.map(({ type, sub_type: kind }) => [type, kind]),
    [["header", undefined], ["body", undefined], ["button", "quick_reply"], ["button", "url"]]);
  assert.deepEqual(components[1].parameters, [{ type: "text", text: "Ines" }, { type: "text", text: "A-17" }]);
});

test("a user without a phone number is written to by id, and answered without one", async () => {
  const answer = await secreto.sendMessage(NUMBER, { bsuid: HIDDEN.bsuid }, new Text("您好"));
  assert.deepEqual(answer.contacts, [{ input: HIDDEN.bsuid, user_id: HIDDEN.bsuid }]);
  const { body } = await lastSent();
  assert.equal(body.recipient, HIDDEN.bsuid);
  assert.equal("to" in body, false);
});

test("the package reports our errors as Meta's", async () => {
  await simulator.post("/fail", { what: "error", code: 131056 });
  await assert.rejects(kapso.messages.sendText({ phoneNumberId: NUMBER, to: INES.phone, body: "x" }), (error) => {
    assert.equal(error.code, 131056);
    assert.equal(error.httpStatus, 400);
    return true;
  });
  const stranger = new WhatsAppClient({ accessToken: "no", baseUrl: simulator.url, graphVersion: "v24.0" });
  await assert.rejects(stranger.messages.sendText({ phoneNumberId: NUMBER, to: INES.phone, body: "x" }),
    (error) => error.code === 190);
});

test("what Meta would refuse is refused", async () => {
  await assert.rejects(kapso.messages.sendText({ phoneNumberId: NUMBER, to: INES.phone, body: "x".repeat(4097) }));
  await assert.rejects(kapso.messages.sendText({ phoneNumberId: NUMBER, to: "33639980042", body: "no plus" }));
  const refused = await secreto.sendMessage(NUMBER, { phone: INES.phone }, new Image("404", true));
  assert.equal(refused.error.code, 100);
  assert.equal((await simulator.get("/sent")).total, 0);
});

/// tests/unit/connectors/signature_test.cpp has the bodies and the codes that our own check takes.
test("the check of a package takes the vectors that our own check is tested with", () => {
  const source = unitTest("connectors/signature_test.cpp");
  const [, secret] = /key "([\w-]+)"/.exec(source);
  for (const name of ["kPlain", "kEscaped"]) {
    const [, rawBody] = new RegExp(`${name} = R"\\((.*)\\)";`).exec(source);
    const [, signatureHeader] = new RegExp(`${name}Code = "(.*)";`).exec(source);
    assert.equal(verifySignature({ appSecret: secret, rawBody: Buffer.from(rawBody), signatureHeader }), true, name);
    assert.equal(verifySignature({ appSecret: secret, rawBody: Buffer.from(`${rawBody} `), signatureHeader }), false, name);
  }
});

test("a package's body of a text and the connector's are the same", async () => {
  const body = pinned("whatsapp/send_text", "json_exact");
  await secreto.sendMessage(NUMBER, { phone: body.to }, new Text(body.text.body, body.text.preview_url), undefined, body.biz_opaque_callback_data);
  assert.deepEqual((await lastSent()).body, body);
});
