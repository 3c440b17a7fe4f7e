// Puts the page together: one file with the verifier in it, which may be served from anywhere or opened from a disk.
// `bindings/wasm/build` must have run. The policy of the page allows this very script and style, and no connection at all.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const here = new URL("./", import.meta.url);
const compiled = new URL("../../bindings/wasm/target/script/", here);
const read = (name, from = here) => readFileSync(new URL(name, from), "utf8");
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** A few of the test vectors, to try the page with. */
const wanted = {
  "response-item-errors": "a valid licence",
  "digests-value-altered": "one with an altered name",
};
const vectors = ["response", "digests"].flatMap((name) => JSON.parse(read(`../../testvectors/${name}.json`)).tests);
const examples = Object.entries(wanted).map(([id, name]) => {
  const vector = vectors.find((vector) => vector.id === id);
  return {
    name,
    response: vector.input,
    anchors: vector.iaca[0].certificate,
    transcript: vector.session_transcript,
    at: vector.at,
  };
});

const module = readFileSync(new URL("mdl_verifier_bg.wasm", compiled)).toString("base64");
const data = (name, value) => `const ${name} = ${JSON.stringify(value).replaceAll("<", "\\u003c")};\n`;
const script = ["\n", read("mdl_verifier.js", compiled), data("MODULE", module), data("EXAMPLES", examples), read("page.js")].join("");
if (/<\/script/i.test(script)) throw new Error("the script would end early");
const style = `\n${read("style.css")}`;
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)} 'wasm-unsafe-eval'`,
  `style-src ${hash(style)}`,
  "img-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const parts = { POLICY: policy, STYLE: style, SCRIPT: script };
const page = read("page.html").replace(/@([A-Z]+)@/g, (_, part) => parts[part]);
mkdirSync(new URL("dist/", here), { recursive: true });
writeFileSync(new URL("dist/reader.html", here), page);
console.log(`dist/reader.html: ${page.length} bytes`);
