// Amazon's own client against our simulator, and an independent validator of SNS messages on what the simulator posts.
// The constants at the end stand in tests/unit/delivery/sigv4_test.cpp too: there our own signer must come to them.
import assert from "node:assert/strict";
import https from "node:https";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";

import { Sha256 } from "@aws-crypto/sha256-js";
import { GetAccountCommand, SendEmailCommand, SESv2Client } from "@aws-sdk/client-sesv2";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import MessageValidator from "sns-validator";

import { startCallback, startSimulator } from "../simulator.mjs";

const TOPIC = "arn:aws:sns:eu-west-1:111122223333:acme";
const SERVICE = "https://sns.eu-west-1.amazonaws.com"; // the validator takes no other; what is asked of it is stubbed
const KEY = { accessKeyId: "AKIDPATCHBAYEXAMPLE0", secretAccessKey: "pbSecret/Example+Key0123456789abcdefABCD" };
const RAW = "From: Help <help@acme.example>\r\nTo: ana@example.org\r\nSubject: Hello\r\nMessage-ID: <r1@acme.example>\r\n\r\nHello\r\n";

let simulator;
let callback;
let client;

before(async () => {
  callback = await startCallback(async () => ({ status: 200, body: "" }));
  simulator = await startSimulator("ses", [
    "--topic", `${TOPIC}=${callback.url},address=help@acme.example,confirmed`, "--certificate-base", SERVICE,
    "--access-key-id", KEY.accessKeyId, "--secret-access-key", KEY.secretAccessKey, "--status-delay", "1",
  ]);
  client = new SESv2Client({ region: "eu-west-1", endpoint: simulator.url, credentials: KEY, maxAttempts: 1 });
  const { pem } = await simulator.get("/certificate");
  https.get = (url, take) => {
    const answer = Readable.from([pem]);
    answer.statusCode = 200;
    queueMicrotask(() => take(answer));
    return { on() {} };
  };
});

after(async () => {
  client?.destroy();
  callback?.close();
  assert.equal(await simulator?.stop(), 0);
});

const send = (over = {}) => client.send(new SendEmailCommand({
  Destination: { ToAddresses: ["ana@example.org"] },
  Content: { Raw: { Data: Buffer.from(RAW) } },
  ConfigurationSetName: "acme",
  EmailTags: [{ Name: "pb_ref", Value: "r-1" }],
  ...over,
}));
const last = () => JSON.parse(callback.deliveries.at(-1).body);
const validate = (message, encoding) => new Promise((resolve, reject) => {
  new MessageValidator(undefined, encoding).validate(message, (error, valid) => (error ? reject(error) : resolve(valid)));
});

test("the client's signature is accepted and the id it reads is the one that was made", async () => {
  const { MessageId } = await send();
  const { sent } = await simulator.get("/sent");
  assert.equal(sent.at(-1).id, MessageId);
  assert.equal(sent.at(-1).raw, RAW);
  assert.match(sent.at(-1).wire, new RegExp(`Message-ID: <${MessageId}@eu-west-1\\.amazonses\\.com>`));
  // Its events are over before another test looks at what came last.
  await simulator.get(`/statuses?message_id=${MessageId}&status=Delivery&timeout_ms=30000`);
});

test("a wrong key, a wrong region and a wrong service are refused as Amazon refuses them", async () => {
  for (const [credentials, region] of [[{ ...KEY, secretAccessKey: "other" }, "eu-west-1"], [KEY, "us-east-1"]]) {
    const other = new SESv2Client({ region, endpoint: simulator.url, credentials, maxAttempts: 1 });
    await assert.rejects(other.send(new GetAccountCommand({})), { name: "InvalidSignatureException", $fault: "client" });
  }
  const stranger = new SESv2Client({
    region: "eu-west-1", endpoint: simulator.url, credentials: { ...KEY, accessKeyId: "AKIDSOMEONEELSE0000" }, maxAttempts: 1,
  });
  await assert.rejects(stranger.send(new GetAccountCommand({})), { name: "UnrecognizedClientException" });
});

test("the account is read", async () => {
  const account = await client.send(new GetAccountCommand({}));
  assert.equal(account.SendingEnabled, true);
  assert.equal(account.SendQuota.MaxSendRate, 14);
});

test("errors have the names that the client knows", async () => {
  for (const name of ["MessageRejected", "TooManyRequestsException", "AccountSuspendedException", "SendingPausedException",
    "MailFromDomainNotVerifiedException", "LimitExceededException", "NotFoundException", "BadRequestException"]) {
    await simulator.post("/fail", { what: "error", type: name });
    await assert.rejects(send(), (error) => error.name === name && error.message === "ordered by a test");
  }
  await assert.rejects(send({ Destination: { ToAddresses: ["ana"] } }), { name: "BadRequestException" });
});

test("the client tries a throttled call again", async () => {
  const patient = new SESv2Client({ region: "eu-west-1", endpoint: simulator.url, credentials: KEY, maxAttempts: 3 });
  await simulator.post("/fail", { what: "error", type: "TooManyRequestsException", times: 2, on: "messages" });
  const { MessageId } = await patient.send(new SendEmailCommand({
    Destination: { ToAddresses: ["ana@example.org"] }, Content: { Raw: { Data: Buffer.from(RAW) } },
  }));
  assert.ok(MessageId.length > 20);
});

test("every kind of message that the simulator posts is valid for an independent validator", async () => {
  await simulator.post("/deliver", { type: "mail", from: "Märta <marta@example.org>", subject: "Größe", text: "Hej 🚲" });
  assert.equal((await validate(last())).Type, "Notification");
  await simulator.post("/deliver", { type: "raw", message: "Text with é\n", overrides: { SignatureVersion: "2" } });
  assert.equal((await validate(last())).SignatureVersion, "2");
  await simulator.post("/deliver", { type: "raw", message: { eventType: "Send" } });
  await validate(last());
  await simulator.post("/subscribe", { topic: TOPIC }); // nobody visits the URL here; the topic stays confirmed
  assert.equal((await validate(last())).Type, "SubscriptionConfirmation");
});

test("the validator refuses what the simulator signs wrongly on purpose", async () => {
  await simulator.post("/deliver", { type: "mail", text: "x", signature: "wrong" });
  await assert.rejects(validate(last()), /signature is invalid/);
});

test("an event about a sent mail carries its tags", async () => {
  const { MessageId } = await send();
  await simulator.get(`/statuses?message_id=${MessageId}&status=Delivery&timeout_ms=30000`);
  const event = JSON.parse(last().Message);
  assert.equal(event.mail.messageId, MessageId);
  assert.deepEqual(event.mail.tags.pb_ref, ["r-1"]);
});

test("Amazon's signer comes to the signatures that our own is tested with", async () => {
  const signatureOf = async (service, request, token) => {
    const signer = new SignatureV4({
      service, region: "eu-west-1", sha256: Sha256, uriEscapePath: service !== "s3", credentials: { ...KEY, sessionToken: token },
    });
    const signed = await signer.sign(new HttpRequest({ protocol: "https:", ...request }), { signingDate: new Date("2026-01-02T03:04:05Z") });
    return /Signature=([0-9a-f]{64})/.exec(signed.headers.authorization)[1];
  };
  const get = { method: "GET", hostname: "host.eu-west-1.amazonaws.com", path: "/inbox/a%20b", headers: { host: "host.eu-west-1.amazonaws.com" } };
  assert.equal(await signatureOf("s3", get), "ce442b9e363b8980ec2e7d7f239585229309ae5d4e3940c154d7165953fb9efa");
  assert.equal(await signatureOf("ses", get), "05af5649124d46880188384d4621923d66e512dc2ede2543f286fffcea45195c");
  const host = "email.eu-west-1.amazonaws.com";
  const body = String.raw`{"FromEmailAddress":"Support <help@patchbay.example>","Destination":{"ToAddresses":["ana@example.org"]},"ReplyToAddresses":["help+01HZX4@in.patchbay.example"],"Content":{"Simple":{"Subject":{"Data":"Re: Café","Charset":"UTF-8"},"Body":{"Text":{"Data":"Hello\n","Charset":"UTF-8"}},"Headers":[{"Name":"In-Reply-To","Value":"<m1@example.org>"},{"Name":"References","Value":"<m0@example.org> <m1@example.org>"}]}},"ConfigurationSetName":"patchbay","EmailTags":[{"Name":"pb_msg","Value":"01HZX4"}]}`;
  const post = { method: "POST", hostname: host, path: "/v2/email/outbound-emails", body, headers: { host, "content-type": "application/json" } };
  assert.equal(await signatureOf("ses", post), "0c9d59e610c2976bfbd866179a5dff35a8d8ee2c4d356aad48b5bb7bf8815f02");
  assert.equal(await signatureOf("ses", post, "FwoGZXIvYXdzEXAMPLETOKEN//=="), "d3a0c12c4067ef68e63848d143e7e49ff0fcfc25e691c86b834018c98f3a4f0b");
});
