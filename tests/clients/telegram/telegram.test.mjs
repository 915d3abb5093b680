// grammY, a published client of the Bot API, judges our simulator: its webhook adapter checks the secret and parses what
// is delivered, its polling loop must be content with our getUpdates, and its senders must be accepted.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, afterEach, before, test } from "node:test";

import { Bot, GrammyError, InlineKeyboard, InputFile, webhookCallback } from "grammy";

import { pinned } from "../pinned.mjs";
import { startSimulator } from "../simulator.mjs";

const TOKEN = "110201543:AAHpatchbayExampleToken000000000000";
const SECRET = "pb_SECRET-0123456789";
const ANA = { id: 5550001, first_name: "Ana", language_code: "pt" };

let simulator;
let server;
let bot;
let seen;

function makeBot() {
  const made = new Bot(TOKEN, { client: { apiRoot: simulator.url } });
  seen = [];
  made.on(["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"], (context, next) => {
    seen.push(context.update);
    return next();
  });
  made.on("callback_query:data", (context) => context.answerCallbackQuery());
  return made;
}

before(async () => {
  simulator = await startSimulator("telegram", ["--bot", `${TOKEN},username=acme_bot,label=acme`]);
});

afterEach(async () => {
  await bot?.stop();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await simulator.post("/reset");
});

after(async () => {
  assert.equal(await simulator.stop(), 0, "SIGTERM ends the simulator cleanly");
});

/// grammY's own webhook endpoint, registered at the simulator.
async function withWebhook() {
  bot = makeBot();
  await bot.init();
  const handle = webhookCallback(bot, "http", { secretToken: SECRET });
  server = http.createServer((request, response) => handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  await bot.api.setWebhook(`http://127.0.0.1:${server.address().port}/hook`, {
    secret_token: SECRET,
    max_connections: 10,
    allowed_updates: ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"],
  });
}

async function becomes(condition) {
  for (let i = 0; i < 3000; ++i) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never became so: ${condition}`);
}

test("getMe names the bot, and a wrong token is refused", async () => {
  bot = makeBot();
  const me = await bot.api.getMe();
  assert.equal(me.id, 110201543);
  assert.equal(me.username, "acme_bot");
  const stranger = new Bot("1:wrong", { client: { apiRoot: simulator.url } });
  await assert.rejects(stranger.api.getMe(), (error) => error instanceof GrammyError && error.error_code === 401);
});

test("its webhook adapter accepts what the simulator delivers, with the secret alone", async () => {
  await withWebhook();
  const told = await simulator.post("/deliver", { from: ANA, text: "Olá 👋" });
  assert.equal(told.status, 200);
  assert.equal(seen.at(-1).message.text, "Olá 👋");
  assert.equal(seen.at(-1).message.chat.type, "private");
  assert.equal(seen.at(-1).update_id, told.update_id);
  for (const secret of ["wrong", "missing", "pb_secret-0123456789"]) {
    const refused = await simulator.post("/deliver", { from: ANA, text: "x", secret });
    assert.equal(refused.status, 401, secret);
  }
  assert.equal(seen.length, 1);
  const info = await bot.api.getWebhookInfo();
  assert.equal(info.max_connections, 10);
  assert.ok(info.last_error_message.includes("401"));
});

test("edits, reactions, blocking and buttons are updates that it knows", async () => {
  await withWebhook();
  const { ids } = await simulator.post("/deliver", { from: ANA, text: "first" });
  const message_id = Number(ids[0].split(":")[1]);
  await simulator.post("/deliver", { from: ANA, edit: message_id, text: "better" });
  assert.equal(seen.at(-1).edited_message.text, "better");
  await simulator.post("/deliver", { from: ANA, reaction: { message_id, emoji: "👍" } });
  assert.deepEqual(seen.at(-1).message_reaction.new_reaction, [{ type: "emoji", emoji: "👍" }]);
  const sent = await bot.api.sendMessage(ANA.id, "Shall we?", { reply_markup: new InlineKeyboard().text("Yes", "yes") });
  await simulator.post("/deliver", { from: ANA, callback: { message_id: sent.message_id, data: "yes" } });
  assert.equal(seen.at(-1).callback_query.data, "yes");
  assert.equal(seen.at(-1).callback_query.message.reply_markup.inline_keyboard[0][0].text, "Yes");
  const { bots } = await simulator.get("/bots");
  assert.deepEqual(bots[0].open_queries, [], "grammY has answered the query");
  await simulator.post("/deliver", { from: ANA, membership: "kicked" });
  assert.equal(seen.at(-1).my_chat_member.new_chat_member.status, "kicked");
  await assert.rejects(bot.api.sendMessage(ANA.id, "x"), (error) => error.error_code === 403);
});

test("its polling loop gets every update once, and confirms it", async () => {
  bot = makeBot();
  for (const text of ["one", "two", "three"]) await simulator.post("/deliver", { from: ANA, text });
  const running = bot.start({ timeout: 5 });
  await becomes(() => seen.length === 3);
  await simulator.post("/deliver", { from: ANA, text: "four" });
  await becomes(() => seen.length === 4);
  assert.deepEqual(seen.map((update) => update.message.text), ["one", "two", "three", "four"]);
  // Until the loop waits again, which confirms the last: stop() then ends its call.
  await becomes(async () => (await simulator.get("/bots")).bots[0].pending.length === 0);
  await bot.stop();
  await running;
  const { bots } = await simulator.get("/bots");
  assert.deepEqual(bots[0].pending, []);
});

test("while a webhook is set its polling is refused with 409", async () => {
  bot = makeBot();
  await bot.api.setWebhook("https://hooks.example.test/x", { secret_token: SECRET });
  await assert.rejects(bot.api.getUpdates(), (error) => error.error_code === 409);
  await bot.api.deleteWebhook();
  assert.deepEqual(await bot.api.getUpdates({ timeout: 0 }), []);
});

test("every kind of message that we send, it sends too", async () => {
  bot = makeBot();
  const to = ANA.id;
  const bytes = new InputFile(Buffer.from("bytes"), "offer.pdf");
  await bot.api.sendMessage(to, "Hello", { link_preview_options: { is_disabled: true } });
  const upload = await bot.api.sendDocument(to, bytes, { caption: "our offer" });
  assert.equal(upload.document.file_size, 5);
  await bot.api.sendPhoto(to, "https://cdn.example/a.jpg", { caption: "by URL" });
  await bot.api.sendDocument(to, upload.document.file_id);
  await bot.api.sendVoice(to, new InputFile(Buffer.from("ogg"), "a.ogg"));
  await bot.api.sendLocation(to, 50.45, 30.52);
  await bot.api.sendVenue(to, 50.45, 30.52, "Shop", "High Street 1");
  await bot.api.sendContact(to, "+351910000001", "Ana");
  await bot.api.sendSticker(to, "https://cdn.example/s.webp");
  await bot.api.sendChatAction(to, "typing");
  const text = await bot.api.sendMessage(to, "a", { reply_parameters: { message_id: 1, allow_sending_without_reply: true } });
  await bot.api.editMessageText(to, text.message_id, "b");
  await assert.rejects(bot.api.editMessageText(to, text.message_id, "b"), /message is not modified/);
  await bot.api.setMessageReaction(to, text.message_id, [{ type: "emoji", emoji: "👍" }]);
  await bot.api.deleteMessage(to, text.message_id);
  const { sent } = await simulator.get("/sent?at_least=10");
  assert.equal(sent.length, 10);
  assert.equal(sent.at(-1).deleted, true);
});

test("files are fetched in two steps", async () => {
  bot = makeBot();
  const content = Buffer.from("a picture");
  await simulator.post("/deliver", { from: ANA, file: { kind: "photo", content_base64: content.toString("base64") } });
  const [update] = await bot.api.getUpdates({ timeout: 0 });
  const file = await bot.api.getFile(update.message.photo.at(-1).file_id);
  const answer = await fetch(`${simulator.url}/file/bot${TOKEN}/${file.file_path}`);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), content);
});

test("errors carry what the Bot API documents", async () => {
  bot = makeBot();
  await simulator.post("/fail", { what: "error", code: 429, retry_after: 7 });
  await assert.rejects(bot.api.sendMessage(1, "x"), (error) =>
    error.error_code === 429 && error.parameters.retry_after === 7);
  await simulator.post("/chats", { chat_id: -4001, migrated_to: -1002233445566 });
  await assert.rejects(bot.api.sendMessage(-4001, "x"), (error) =>
    error.error_code === 400 && error.parameters.migrate_to_chat_id === -1002233445566);
  await assert.rejects(bot.api.sendMessage(1, "x".repeat(4097)), /message is too long/);
});

/// What grammY would send, without sending it.
async function madeBy(call) {
  const made = [];
  const quiet = new Bot(TOKEN, { client: { apiRoot: simulator.url } });
  quiet.api.config.use(async (previous, method, payload) => {
    made.push(method, JSON.parse(JSON.stringify(payload)));
    return { ok: true, result: true };
  });
  await call(quiet.api);
  return made;
}

test("its calls and the connector's are the same", async () => {
  const text = pinned("telegram/send_text", "json_exact");
  assert.deepEqual(await madeBy((api) => api.sendMessage(text.chat_id, text.text)), ["sendMessage", text]);
  const edit = pinned("telegram/edit", "json_exact");
  assert.deepEqual(await madeBy((api) => api.editMessageText(edit.chat_id, edit.message_id, edit.text)), ["editMessageText", edit]);
  const gone = pinned("telegram/delete", "json_exact");
  assert.deepEqual(await madeBy((api) => api.deleteMessage(gone.chat_id, gone.message_id)), ["deleteMessage", gone]);
});
