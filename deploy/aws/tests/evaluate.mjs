// What JSONata makes of an expression: { expression, states } on standard input, the result on standard output.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const jsonata = createRequire(import.meta.url)(process.env.JSONATA);
const { expression, states } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await jsonata(expression).evaluate({}, { states })));
