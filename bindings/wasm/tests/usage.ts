// What the declarations allow and what they refuse; compiled, never run.
import init, { Verifier, isIssuerSigned, type NotVerifiedError, type VerifiedDocument } from "mdl-verifier";

export async function familyName(certificate: Uint8Array, response: Uint8Array, sessionTranscript: Uint8Array) {
  await init();
  const verifier = new Verifier([certificate, { certificate, docTypes: ["org.iso.18013.5.1.mDL"] }], "strict");
  const conditions = { at: new Date(), session: { kind: "transcript", sessionTranscript } } as const;
  const verification = isIssuerSigned(response)
    ? verifier.verifyIssuerSigned(response, conditions)
    : verifier.verify(response, conditions);
  if (verification.verdict !== "valid") {
    return verification.documents.flatMap(({ checks }) => checks.map(({ id, explanation }) => [id, explanation]));
  }
  const [document]: VerifiedDocument[] = verification.verified();
  for (const element of document.elements) {
    if (element.kind === "bytes") element.value.byteLength;
    if (element.kind === "text" && element.identifier === "family_name") return element.value.toUpperCase();
  }
  return (undefined as unknown as NotVerifiedError).failed;
}

export function refused(verifier: Verifier, response: Uint8Array) {
  const at = new Date();
  // @ts-expect-error: no session.
  verifier.verify(response, { at });
  // @ts-expect-error: no such condition.
  verifier.verify(response, { at, session: { kind: "static" }, requireRevocaton: true });
  // @ts-expect-error: a transcript session needs its transcript.
  verifier.verify(response, { at, session: { kind: "transcript" } });
  // @ts-expect-error: outcomes have no values.
  verifier.verify(response, { at, session: { kind: "static" } }).documents[0].elements;
  // @ts-expect-error: no such policy.
  new Verifier([], "lenient");
}
