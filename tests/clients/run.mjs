// `npm test [-- FOLDER...]`: the checks of those providers, or of all.
import { readdirSync } from "node:fs";
import { spawnSync } from "node:child_process";

const here = new URL(".", import.meta.url).pathname;
const holdsTests = (folder) => readdirSync(here + folder).some((file) => file.endsWith(".test.mjs"));
const asked = process.argv.slice(2);
const folders = asked.length > 0 ? asked : readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "node_modules").map((entry) => entry.name).filter(holdsTests);
const files = folders.flatMap((folder) => readdirSync(here + folder)
  .filter((file) => file.endsWith(".test.mjs")).map((file) => `${here}${folder}/${file}`));
process.exit(spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1);
