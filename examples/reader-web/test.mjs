// The page in a browser: what `mdl demo` made verifies, its report is that of the command byte for byte, what is wrong is
// explained and shows no value, everything can be reached with a keyboard, and nothing is sent anywhere.
//
//   MDL=target/release/mdl CHROMIUM=/usr/bin/chromium node --test examples/reader-web/test.mjs
//
// SCREENSHOTS=FOLDER keeps a picture of each state.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

const MDL = process.env.MDL;
const address = new URL("dist/reader.html", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "reader-web-"));
const demo = join(folder, "demo");
const file = (name) => join(demo, name);
let browser, page, requests, complaints, at;

before(async () => {
  execFileSync(MDL, ["demo", "--folder", demo, "--json"], { stdio: ["ignore", "ignore", "inherit"] });
  at = new Date().toISOString().replace(/\.\d+/, "");
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await page?.context().close();
  const context = await browser.newContext({ offline: true, viewport: { width: 1200, height: 1000 } });
  page = await context.newPage();
  requests = [];
  complaints = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
});

async function fillInDemo() {
  await page.setInputFiles("#response-file", file("response.cbor"));
  await page.setInputFiles("#anchors-file", file("authority/iaca/certificate.pem"));
  await page.setInputFiles("#transcript-file", file("transcript.cbor"));
  await page.click("summary:text('More')");
  await page.fill("#at", at);
  await page.setInputFiles("#crls", file("authority/crl/crl.pem"));
  await page.setInputFiles("#status-tokens", file("status.cwt"));
}

async function outcome(kind) {
  await page.waitForSelector(`#verdict.${kind}`);
  assert.deepEqual(complaints, []);
  const elsewhere = requests.filter((url) => url !== address && !url.startsWith("blob:"));
  assert.deepEqual(elsewhere, [], "the page asked for something");
  return page.innerText("#result");
}

async function hasNoBarrier(state) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], state);
}

async function picture(name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
}

async function downloaded(label) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(`button:text("${label}")`)]);
  return readFileSync(await download.path(), "utf8");
}

test("the demonstration's response is valid, and the report is the command's", async () => {
  await fillInDemo();
  await page.click("button:text('Check')");
  const shown = await outcome("valid");
  for (const text of ["Valid", "Issuer: valid", "Device: valid", "Revocation: not revoked", "Mustermann", "vehicle category code A, "]) {
    assert.ok(shown.includes(text), `${text} in ${shown}`);
  }
  await page.waitForFunction(() => document.querySelector(".holder img").naturalWidth > 0);
  await page.click("summary:text('All')");
  await hasNoBarrier("valid");
  await picture("valid");

  const options = ["--iaca", file("authority/iaca/certificate.pem"), "--session-transcript", file("transcript.cbor")];
  options.push("--crl", file("authority/crl/crl.pem"), "--status-list", file("status.cwt"), "--at", at);
  const command = (form) => execFileSync(MDL, ["verify", ...options, form, file("response.cbor")], { encoding: "utf8" });
  assert.ok((await downloaded("Save the report")) === command("--json"), "another report than the command's");
  const audit = await downloaded("Save the audit form");
  assert.ok(audit === command("--audit"), "another audit form than the command's");
  assert.ok(!audit.includes("Mustermann"));
});

test("an altered licence is refused with the reason, and nothing of it is shown", async () => {
  await page.click("button:text('one with an altered name')");
  const shown = await outcome("invalid");
  assert.match(shown, /failed: value-digest/);
  assert.match(shown, /An element was changed after the issuer signed it/);
  assert.match(shown, /content is not shown/);
  assert.ok(!/Musterfrau|Mustermann|Erika/.test(await page.innerText("body")));
  assert.equal(await page.locator(".holder").count(), 0);
  await hasNoBarrier("invalid");
  await picture("altered");
});

test("without a trusted authority, or in another session, nothing is valid", async () => {
  await page.click("button:text('a valid licence')");
  await outcome("valid");
  await page.fill("#anchors", "");
  await page.click("button:text('Check')");
  assert.match(await outcome("untrusted"), /failed: trust-anchor/);
  await picture("untrusted");
  await page.click("button:text('a valid licence')");
  await outcome("valid");
  await page.fill("#transcript", "83f6f6f5");
  await page.click("button:text('Check')");
  assert.match(await outcome("invalid"), /failed: device-authentication/);
  await page.selectOption("#session", "static");
  await page.click("button:text('Check')");
  assert.match(await outcome("valid"), /Device: not checked/);
});

test("what cannot be used is said, and clearing leaves nothing behind", async () => {
  await page.click("button:text('Check')");
  assert.match(await outcome("trouble"), /The response is missing/);
  await page.fill("#response", "not a response!");
  await page.click("button:text('Check')");
  assert.match(await outcome("trouble"), /hexadecimal, base64 or PEM/);
  await page.fill("#response", "a0");
  await page.selectOption("#session", "static");
  await page.fill("#anchors", "00");
  await page.click("button:text('Check')");
  assert.match(await outcome("trouble"), /trusted certificate 0/);
  await page.click("button:text('a valid licence')");
  await outcome("valid");
  await page.click("button:text('Clear')");
  await page.waitForSelector("#verdict:not([class]), #verdict[class='']");
  assert.equal(await page.inputValue("#response"), "");
  assert.equal(await page.locator("article").count(), 0);
});

test("a file can be dropped, and everything can be done with a keyboard", async () => {
  const response = readFileSync(file("response.cbor")).toString("base64");
  await page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], "response.cbor"));
    document.querySelector("#response").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
  }, response);
  assert.equal(await page.evaluate(() => document.querySelector("#response-file").files.length), 1);
  await page.focus("#response");
  const reached = new Set();
  for (let tabs = 0; tabs < 40; tabs += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    reached.add(focused);
    if (focused === "Check") break;
  }
  for (const stop of ["response-file", "anchors", "anchors-file", "session", "transcript", "reader-key", "Check"]) {
    assert.ok(reached.has(stop), `${stop} in ${[...reached].join(", ")}`);
  }
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.match(await outcome("trouble"), /SessionTranscript is missing/);
  // A screen reader hears the outcome: it is announced, and the focus is on it.
  assert.match(await page.innerText("#announcement"), /^Result: /);
  assert.equal(await page.evaluate(() => document.activeElement.id), "verdict");
});

test("it fits a telephone, also in the dark", async () => {
  await page.setViewportSize({ width: 360, height: 800 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.click("button:text('a valid licence')");
  await outcome("valid");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
  await hasNoBarrier("dark, narrow");
  await picture("telephone");
});

test("the page allows itself no connection", async () => {
  const policy = await page.getAttribute("meta[http-equiv]", "content");
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+' 'wasm-unsafe-eval';/);
  assert.ok(!/unsafe-inline|connect-src|https?:/.test(policy));
  assert.ok(fileURLToPath(address).endsWith("reader.html"));
  await page.click("button:text('a valid licence')");
  await outcome("valid");
  const refused = await page.evaluate(() => fetch("https://example.com/").then(() => "sent", () => "refused"));
  assert.equal(refused, "refused");
});
