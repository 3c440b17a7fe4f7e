// What the page does: reads what was put in, verifies, and shows the outcome. Values are shown only of documents that the
// verifier hands out as verified; everything is set as text, never as markup.
"use strict";

const { Verifier, isIssuerSigned, default: init } = { ...wasm_bindgen, default: wasm_bindgen };
const field = (id) => document.getElementById(id);
const OUTCOMES = {
  pass: "passed",
  warning: "tolerated",
  fail: "failed",
  "not-applicable": "does not apply",
  "not-checked": "not checked",
  undetermined: "no answer",
};
const VERDICTS = {
  valid: "✓ Valid",
  untrusted: "⚠ Not trusted: nobody on your list vouches for the issuer",
  invalid: "✗ Not valid",
};

const ready = init({ module_or_path: decodeBase64(MODULE) });
let current;

/** Bytes of what people paste: PEM, hexadecimal, base64 or base64url. */
function pasted(text, what) {
  const plain = text.trim();
  if (plain.includes("-----BEGIN")) return new TextEncoder().encode(plain);
  const compact = plain.replace(/\s+/g, "");
  if (/^([0-9a-f]{2})+$/i.test(compact)) return Uint8Array.from(compact.match(/../g), (pair) => parseInt(pair, 16));
  if (/^[A-Za-z0-9+/_-]+=*$/.test(compact)) {
    try {
      return decodeBase64(compact.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, ""));
    } catch {
      // Falls through: not base64 either.
    }
  }
  throw new Error(`${what}: expected hexadecimal, base64 or PEM`);
}

function decodeBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** A file may hold the bytes themselves, or a text of them. */
async function fileBytes(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isText = bytes.length > 0 && bytes.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  if (!isText) return bytes;
  try {
    return pasted(new TextDecoder().decode(bytes), file.name);
  } catch {
    return bytes;
  }
}

async function filesOf(id) {
  return Promise.all(Array.from(field(id).files, fileBytes));
}

async function oneOf(textId, fileId, what) {
  const text = field(textId).value;
  if (text.trim()) return pasted(text, what);
  const [bytes] = await filesOf(fileId);
  if (!bytes) throw new Error(`${what} is missing`);
  return bytes;
}

/** PKCS#8 in DER, of PEM or DER. */
function pkcs8(bytes) {
  const text = new TextDecoder().decode(bytes);
  const pem = /-----BEGIN PRIVATE KEY-----([^-]+)-----END/.exec(text);
  return pem ? decodeBase64(pem[1].replace(/\s+/g, "")) : bytes;
}

async function session() {
  const kind = field("session").value;
  const nonce = field("nonce").value;
  const thumbprint = field("thumbprint").value;
  const jwkThumbprint = thumbprint.trim() ? pasted(thumbprint, "Thumbprint") : undefined;
  switch (kind) {
    case "transcript": {
      const [key] = await filesOf("reader-key");
      const sessionTranscript = await oneOf("transcript", "transcript-file", "The SessionTranscript");
      return { kind, sessionTranscript, readerKey: key && pkcs8(key) };
    }
    case "openid4vp":
      return { kind, clientId: field("client-id").value, responseUri: field("response-uri").value, nonce, jwkThumbprint };
    case "openid4vp-dc-api":
      return { kind, origin: field("origin").value, nonce, jwkThumbprint };
    default:
      return { kind: "static" };
  }
}

async function check() {
  const response = await oneOf("response", "response-file", "The response");
  const anchors = await filesOf("anchors-file");
  if (field("anchors").value.trim()) anchors.push(pasted(field("anchors").value, "Certificates"));
  const at = field("at").value.trim() ? new Date(field("at").value.trim()) : new Date();
  const conditions = {
    at,
    session: await session(),
    crls: await filesOf("crls"),
    statusTokens: await filesOf("status-tokens"),
    requireRevocation: field("require-revocation").checked,
  };
  const verifier = new Verifier(anchors, field("policy").value);
  try {
    const alone = conditions.session.kind === "static" && isIssuerSigned(response);
    return alone ? verifier.verifyIssuerSigned(response, conditions) : verifier.verify(response, conditions);
  } finally {
    verifier.free();
  }
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function show(verification) {
  clear();
  current = verification;
  const verdict = verification.verdict;
  headline(VERDICTS[verdict], verdict);
  const place = field("documents");
  const general = findings(verification.checks);
  if (general) place.append(general);
  verification.documents.forEach((outcome, index) => place.append(documentCard(verification, outcome, index)));
  if (verification.neededStatusLists.length) {
    place.append(element("p", `To know more, fetch: ${verification.neededStatusLists.join(", ")}`));
  }
  const save = element("p", undefined, { class: "actions" });
  save.append(download("Save the report", "report.json", verification.reportJson));
  save.append(download("Save the audit form, without personal data", "audit.json", verification.auditJson));
  place.append(save);
}

function documentCard(verification, outcome, index) {
  const card = element("article");
  const title = element("h3", undefined, { id: `document-${index}` });
  card.setAttribute("aria-labelledby", title.id);
  title.append(`Document ${index + 1}: `, element("code", outcome.docType || "of unknown type"), ` – ${outcome.verdict}`);
  const parts = element("ul", undefined, { class: "parts" });
  for (const [name, value] of [
    ["Issuer", outcome.issuerTrust],
    ["Device", outcome.deviceBinding],
    ["Revocation", outcome.revocation],
  ]) {
    parts.append(element("li", `${name}: ${value.replace("-", " ")}`));
  }
  card.append(title, parts);
  let verified;
  try {
    verified = verification.verifiedDocument(index);
  } catch (error) {
    if (error.name !== "NotVerifiedError") throw error;
    card.append(element("p", "Its content is not shown, because it did not verify."));
  }
  const list = findings(outcome.checks);
  if (verified) card.append(holder(verified));
  if (list) card.append(list);
  card.append(allChecks(outcome.checks));
  return card;
}

function holder(verified) {
  const place = element("div", undefined, { class: "holder" });
  const portrait = verified.elements.find(({ identifier, kind }) => identifier === "portrait" && kind === "bytes");
  if (portrait) {
    const address = URL.createObjectURL(new Blob([portrait.value]));
    const image = element("img", undefined, { alt: "Portrait of the holder", src: address });
    image.addEventListener("load", () => URL.revokeObjectURL(address));
    image.addEventListener("error", () => {
      URL.revokeObjectURL(address);
      image.replaceWith(element("p", "The portrait is in a format that this browser does not show."));
    });
    place.append(image);
  }
  const table = element("table");
  const { issuer, validUntil } = verified;
  const who = [issuer.commonName, issuer.state ?? issuer.country].filter(Boolean).join(", ");
  table.append(element("caption", `Issued by ${who || "an issuer without a name"}, valid until ${validUntil.toISOString().slice(0, 10)}`));
  for (const item of verified.elements) table.append(row(item, ""));
  for (const item of verified.deviceSigned) table.append(row(item, " (said by the device)"));
  place.append(table);
  return place;
}

function row({ identifier, kind, value }, remark) {
  const line = element("tr");
  const forms = {
    bytes: () => `${value.length} bytes`,
    boolean: () => (value ? "yes" : "no"),
    json: () => inWords(JSON.parse(value)),
  };
  const shown = forms[kind]?.() ?? String(value);
  line.append(element("th", identifier.replaceAll("_", " ") + remark, { scope: "row" }), element("td", shown));
  return line;
}

/** A structured value, such as driving_privileges, as a person reads it: a line for each entry. */
function inWords(value) {
  if (Array.isArray(value)) return value.map(inWords).join("\n");
  if (value === null || typeof value !== "object") return String(value);
  const parts = Object.entries(value).map(([name, part]) => `${name.replaceAll("_", " ")} ${inWords(part).replaceAll("\n", "; ")}`);
  return parts.join(", ");
}

/** What did not pass, with what it means. */
function findings(checks) {
  const order = ["fail", "undetermined", "warning"];
  const notable = checks.filter(({ result }) => order.includes(result));
  if (!notable.length) return undefined;
  notable.sort((one, other) => order.indexOf(one.result) - order.indexOf(other.result));
  const list = element("ul", undefined, { class: "findings", "aria-label": "What did not pass" });
  for (const { id, result, clause, summary, why, explanation } of notable) {
    const entry = element("li", undefined, { class: result });
    const head = element("p");
    head.append(element("strong", `${OUTCOMES[result]}: ${id}`), ` (${clause})`);
    entry.append(head, element("p", explanation), element("p", `Should hold: ${summary}`, { class: "why" }));
    if (why) entry.append(element("p", `Found: ${why}`, { class: "why" }));
    list.append(entry);
  }
  return list;
}

function allChecks(checks) {
  const passed = checks.filter(({ result }) => result === "pass").length;
  const details = element("details");
  details.append(element("summary", `All ${checks.length} checks, ${passed} passed`));
  const table = element("table");
  table.append(element("caption", "Every check of this document", { class: "visually-hidden" }));
  for (const { id, result, clause, summary, explanation } of checks) {
    const line = element("tr");
    const what = element("td");
    what.append(element("strong", OUTCOMES[result]), ` ${summary}`);
    if (explanation) what.append(element("p", explanation, { class: "why" }));
    line.append(element("th", `${id} (${clause})`, { scope: "row" }), what);
    table.append(line);
  }
  details.append(table);
  return details;
}

function download(label, name, text) {
  const button = element("button", label, { type: "button" });
  button.addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = element("a", undefined, { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });
  return button;
}

function headline(text, kind) {
  const verdict = field("verdict");
  verdict.textContent = text;
  verdict.className = kind;
  field("announcement").textContent = `Result: ${text}`;
  verdict.focus();
}

function clear() {
  current?.free();
  current = undefined;
  field("documents").replaceChildren();
  field("verdict").textContent = "No result yet";
  field("verdict").className = "";
}

function showSession() {
  const kind = field("session").value;
  for (const part of document.querySelectorAll("[data-session]")) {
    part.hidden = !part.dataset.session.split(" ").includes(kind);
  }
}

/** Accepts a file dropped on a fieldset with a file input. */
function acceptDrops(area) {
  const input = area.querySelector("input[type=file]");
  if (!input) return;
  for (const type of ["dragover", "dragleave", "drop"]) {
    area.addEventListener(type, (event) => {
      event.preventDefault();
      area.classList.toggle("dropping", type === "dragover");
      if (type === "drop" && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        area.querySelector("textarea").value = "";
      }
    });
  }
}

for (const { name, response, anchors, transcript, at } of EXAMPLES) {
  const button = element("button", name, { type: "button" });
  button.addEventListener("click", () => {
    field("form").reset();
    field("response").value = response;
    field("anchors").value = anchors;
    field("transcript").value = transcript;
    field("at").value = at;
    field("form").requestSubmit();
  });
  field("examples").append(button, " ");
}
field("session").addEventListener("change", showSession);
document.querySelectorAll("fieldset").forEach(acceptDrops);
field("form").addEventListener("reset", () => {
  clear();
  setTimeout(showSession);
});
field("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ready;
    show(await check());
  } catch (error) {
    clear();
    headline(`✗ Cannot be checked: ${error.message}`, "trouble");
  }
});
showSession();
