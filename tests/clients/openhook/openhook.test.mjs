// The reference library of Standard Webhooks against the vectors of the openhook connector: what it signs is what the
// host verifies (the same vector stands in the host's unit tests and in the connector's transcripts).
import assert from "node:assert/strict";
import { test } from "node:test";

import { Webhook } from "standardwebhooks";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY = '{"test": 2432232314}';
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

test("the library signs the vector as the host verifies it", () => {
  assert.equal(new Webhook(SECRET).sign(ID, new Date(1614265330000), BODY), SIGNATURE);
});

test("the library reads a list of signatures as the host writes it", () => {
  const now = new Date();
  const hook = new Webhook(SECRET);
  const headers = {
    "webhook-id": ID,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": `v1,AAAA ${hook.sign(ID, now, BODY)}`,
  };
  assert.deepEqual(hook.verify(BODY, headers), JSON.parse(BODY));
  assert.throws(() => hook.verify(BODY + " ", headers));
});
