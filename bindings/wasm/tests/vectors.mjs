// The vectors of testvectors/ through the package, in Node: every test has its outcome, every report is that of `mdl
// verify --json` byte for byte and has the form of its schema, and values are handed out only of what is valid.
//
//   node vectors.mjs REPORTS    (written by `mdl vectors run --reports REPORTS`)
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import { Verifier, isIssuerSigned } from "../target/package/node.js";

const root = new URL("../../../", import.meta.url);
const read = (name) => readFileSync(new URL(name, root), "utf8");
const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const several = (list) => (list ?? []).map(bytes);

const digests = new Map(
  readFileSync(process.env.REPORTS, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split("  ").reverse()),
);
const schema = JSON.parse(read("docs/report.schema.json"));
const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
ajv.addSchema(schema);
const isReport = ajv.getSchema(`${schema.$id}#/$defs/report`);
const isAudit = ajv.getSchema(`${schema.$id}#/$defs/audit`);

const vectors = readdirSync(new URL("testvectors/", root))
  .filter((name) => name.endsWith(".json") && name !== "schema.json")
  .flatMap((name) => JSON.parse(read(`testvectors/${name}`)).tests);

function verify(vector) {
  const trusted = vector.iaca.map((anchor) => ({
    certificate: bytes(anchor.certificate),
    docTypes: anchor.doc_types,
    country: anchor.country,
    state: anchor.state,
  }));
  const verifier = new Verifier(trusted, vector.policy);
  const session = vector.session_transcript
    ? {
        kind: "transcript",
        sessionTranscript: bytes(vector.session_transcript),
        readerKey: vector.reader_key && bytes(vector.reader_key),
      }
    : { kind: "static" };
  const conditions = {
    at: new Date(vector.at),
    session,
    docType: vector.doc_type,
    crls: several(vector.crls),
    statusTokens: several(vector.status_tokens),
    requireRevocation: vector.require_revocation ?? false,
  };
  const input = bytes(vector.input);
  return vector.kind === "issuer-signed"
    ? verifier.verifyIssuerSigned(input, conditions)
    : verifier.verify(input, conditions);
}

function withResult(verification, result) {
  const checks = [verification.checks, ...verification.documents.map((document) => document.checks)].flat();
  const ids = checks.filter((check) => check.result === result).map((check) => check.id);
  return [...new Set(ids)].sort();
}

test("every vector has its outcome, and its report is that of the command, in the form of the schema", () => {
  assert.equal(digests.size, vectors.length);
  for (const vector of vectors) {
    const verification = verify(vector);
    const valid = vector.result === "valid";
    assert.equal(verification.verdict === "valid", valid, vector.id);
    assert.deepEqual(withResult(verification, "fail"), [...vector.checks].sort(), vector.id);
    assert.deepEqual(withResult(verification, "warning"), [...(vector.warnings ?? [])].sort(), vector.id);

    const report = verification.reportJson;
    const digest = createHash("sha256").update(report).digest("hex");
    assert.equal(digest, digests.get(vector.id), `${vector.id}: another report than the command's`);
    assert.ok(isReport(JSON.parse(report)), `${vector.id}: ${JSON.stringify(isReport.errors)}`);
    assert.ok(isAudit(JSON.parse(verification.auditJson)), `${vector.id}: ${JSON.stringify(isAudit.errors)}`);

    if (valid) {
      const documents = verification.verified();
      assert.equal(documents.length, verification.documents.length, vector.id);
      assert.equal(isIssuerSigned(bytes(vector.input)), vector.kind === "issuer-signed", vector.id);
    } else {
      assert.throws(() => verification.verified(), { name: "NotVerifiedError" }, vector.id);
      const given = JSON.stringify([verification.documents, verification.checks]);
      assert.ok(!/Musterfrau|Mustermann|1990-01-02/.test(given), vector.id);
    }
    verification.free();
  }
});

test("the schema refuses what is no report", () => {
  const report = JSON.parse(verify(vectors.find((vector) => vector.result === "valid")).reportJson);
  assert.ok(isReport(report));
  for (const change of [
    (report) => delete report.verdict,
    (report) => (report.verdict = "fine"),
    (report) => (report.more = 1),
    (report) => (report.documents[0].verdict = "invalid"),
    (report) => (report.documents[0].checks[0].result = "skipped"),
    (report) => delete report.documents[0].checks[0].clause,
  ]) {
    const changed = structuredClone(report);
    change(changed);
    assert.ok(!isReport(changed), change.toString());
  }
});

test("values come in the types that the declarations promise", () => {
  const documents = vectors.filter((vector) => vector.result === "valid").map((vector) => verify(vector).verified()[0]);
  const document = documents.find(({ elements }) => elements.some(({ identifier }) => identifier === "portrait"));
  const element = (identifier) => document.elements.find((element) => element.identifier === identifier);
  assert.deepEqual([element("family_name").kind, typeof element("family_name").value], ["text", "string"]);
  assert.deepEqual([element("birth_date").kind, element("birth_date").value], ["date", "1990-01-02"]);
  assert.ok(element("portrait").value instanceof Uint8Array);
  assert.ok(document.validUntil instanceof Date && document.validUntil > document.validFrom);
  assert.equal(document.issuer.dsSha256.length, 32);
});

test("arguments that cannot be used are exceptions that say which", () => {
  const at = new Date("2026-06-15T12:00:00Z");
  const session = { kind: "static" };
  const verifier = new Verifier([]);
  const refused = [
    [() => new Verifier([new Uint8Array([1])]), /trusted certificate 0/],
    [() => new Verifier([], "lenient"), /strict, iso or interop/],
    [() => new Verifier("certificate"), /trusted: expected an array/],
    [() => verifier.verify("a0", { at, session }), /response: expected a Uint8Array/],
    [() => verifier.verify(new Uint8Array([0xa0]), { session }), /at is missing/],
    [() => verifier.verify(new Uint8Array([0xa0]), { at: new Date(NaN), session }), /valid Date/],
    [() => verifier.verify(new Uint8Array([0xa0]), { at }), /session is missing/],
    [() => verifier.verify(new Uint8Array([0xa0]), { at, session: { kind: "none" } }), /no kind "none"/],
    [() => verifier.verify(new Uint8Array([0xa0]), { at, session, requireRevocaton: true }), /no member "requireRevocaton"/],
    [() => verifier.verify(new Uint8Array([0xa0]), { at, session: { ...session, nonce: "" } }), /no member "nonce"/],
    [
      () => verifier.verify(new Uint8Array([0xa0]), { at, session: { kind: "transcript", sessionTranscript: new Uint8Array([0x80]) } }),
      /session transcript/,
    ],
  ];
  for (const [call, message] of refused) {
    assert.throws(call, (error) => error.name === "InputError" && message.test(error.message), `${call} ${message}`);
  }
  assert.equal(verifier.verify(new Uint8Array([0xa0]), { at, session }).verdict, "invalid");
});
