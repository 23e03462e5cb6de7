// Holds an AsyncAPI document against the rules of AsyncAPI's own parser: node validate.js <document>.
// Exit status 1 with a line for each error or warning.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const [file] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"), { source: file });
const SEVERITIES = ["error", "warning"];
const refusals = diagnostics.filter(({ severity }) => severity < SEVERITIES.length);
for (const { severity, path, message, code } of refusals) {
  console.log(`${SEVERITIES[severity]} ${code}: ${path.join("/")}: ${message}`);
}
process.exit(document && refusals.length === 0 ? 0 : 1);
