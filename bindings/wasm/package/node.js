// In Node the module is read from beside this file, so that nothing has to be called before the first verification.
import { readFileSync } from "node:fs";
import { initSync } from "./mdl_verifier.js";

initSync({ module: readFileSync(new URL("./mdl_verifier_bg.wasm", import.meta.url)) });

export * from "./mdl_verifier.js";
