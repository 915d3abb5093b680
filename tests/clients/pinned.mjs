// What our own code is pinned to, for comparing it with what the packages make: the bodies that transcripts demand of the
// connectors, and the vectors that the host's signature check is tested with.
import { readFileSync } from "node:fs";

const plugins = () => {
  const folder = process.env.PATCHBAY_PLUGINS;
  if (!folder) throw new Error("PATCHBAY_PLUGINS must name the folder plugins/");
  return folder;
};

export const transcript = (path) => {
  const [connector, name] = path.split("/");
  return readFileSync(`${plugins()}/${connector}/transcripts/${name}.yaml`, "utf8");
};
export const unitTest = (path) => readFileSync(`${plugins()}/../tests/unit/${path}`, "utf8");

/// A mapping in YAML's flow style on one line, of quoted texts, numbers and plain words.
const flow = (text) => JSON.parse(text
  .replace(/([{,] )([A-Za-z_][\w-]*):/g, '$1"$2":')
  .replace(/(": )([A-Za-z][\w.-]*)(?=[ ,])/g, (all, before, word) => (/^(true|false|null)$/.test(word) ? all : `${before}"${word}"`)));

/// The value of the first `key` of a transcript ("json_exact", "form").
export function pinned(path, key) {
  const found = new RegExp(`^ *${key}: (\\{.*\\})$`, "m").exec(transcript(path));
  if (!found) throw new Error(`${path}: no ${key} in flow style`);
  return flow(found[1]);
}

/// The webhooks of a transcript whose signatures were made by another tool: {signature, body, accepted}.
export function signedWebhooks(path) {
  const rows = /\[?X-Hub-Signature-256: "([^"]*)" \}, body: ("(?:[^"\\]|\\.)*"), sign: false \}\n\s+expect: \{ status: (\d+)/gi;
  return [...transcript(path).matchAll(rows)].map(([, signature, body, status]) => ({
    signature, body: JSON.parse(body), accepted: status === "200",
  }));
}
