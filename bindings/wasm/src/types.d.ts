/** How deviations are weighed; `iso` if none is named. What is essential to trust is rejected under all three. */
export type Policy = "strict" | "iso" | "interop";

/** What all checks together mean. Act on nothing but `valid`. */
export type Verdict = "valid" | "untrusted" | "invalid";

/** An IACA certificate to trust. */
export interface TrustedCertificate {
  /** DER, or PEM with one or more certificates. */
  certificate: Uint8Array;
  /** The document types it is trusted for; any if left out. */
  docTypes?: readonly string[];
  /** Country of the document signers it is trusted for; any if left out. */
  country?: string;
  /** State or province of the document signers it is trusted for; any if left out. */
  state?: string;
}

/** What belongs to one verification. A member that is not named here is refused. */
export interface Conditions {
  /** The time to verify at. */
  at: Date;
  /** How the response reached the reader. */
  session: Session;
  /** The document type that was asked for; every document must be of it. Any if left out. */
  docType?: string;
  /** CRLs, PEM or DER. */
  crls?: readonly Uint8Array[];
  /** Status tokens as published, CWT or JWT. */
  statusTokens?: readonly Uint8Array[];
  /** Whether a document is only valid if evidence says that neither it nor its signer is revoked. */
  requireRevocation?: boolean;
}

/**
 * How the response reached the reader. All but `static` require device authentication over the transcript of that
 * session; `static` says nothing of who presents the document. `readerKey` is EReaderKey.Priv in PKCS#8 (DER), which only
 * a device MAC needs.
 */
export type Session =
  | { kind: "static" }
  | { kind: "transcript"; sessionTranscript: Uint8Array; readerKey?: Uint8Array }
  | { kind: "qr"; deviceEngagement: Uint8Array; eReaderKey: Uint8Array; readerKey?: Uint8Array }
  | {
      kind: "nfc";
      deviceEngagement: Uint8Array;
      eReaderKey: Uint8Array;
      select: Uint8Array;
      request?: Uint8Array;
      readerKey?: Uint8Array;
    }
  | { kind: "openid4vp"; clientId: string; nonce: string; jwkThumbprint?: Uint8Array; responseUri: string }
  | { kind: "openid4vp-dc-api"; origin: string; nonce: string; jwkThumbprint?: Uint8Array }
  | {
      kind: "iso-18013-7-annex-b";
      clientId: string;
      responseUri: string;
      mdocGeneratedNonce: string;
      nonce: string;
    }
  | { kind: "iso-18013-7-annex-c"; encryptionInfo: string; origin: string };

/** One check and how it came out. */
export interface CheckOutcome {
  /** The stable id; docs/checks.md lists them. */
  id: string;
  result: "pass" | "warning" | "fail" | "not-applicable" | "not-checked" | "undetermined";
  /** Clause of ISO/IEC 18013-5 unless another standard is named. */
  clause: string;
  /** What the check establishes, in one sentence. */
  summary: string;
  /** Why it did not simply pass, in the words of the standard. */
  why?: string;
  /** What it means for the person who decides, if it failed, was tolerated or gave no answer. */
  explanation?: string;
}

/** Who signed a document, as its certificate says. */
export interface Issuer {
  /** SHA-256 of the IACA certificate at the end of the path, if one was found. */
  iacaSha256?: Uint8Array;
  /** SHA-256 of the document signer's certificate. */
  dsSha256: Uint8Array;
  country?: string;
  state?: string;
  commonName?: string;
}

/** The outcome for one document, without values. Type and issuer are only claims unless its verdict is `valid`. */
export interface DocumentOutcome {
  docType: string;
  verdict: Verdict;
  /** Whether the issuer is trusted and the content is what it issued. */
  issuerTrust: Verdict;
  /** Whether the device is the one the document was issued to. */
  deviceBinding: Verdict | "not-checked";
  revocation: "not-revoked" | "revoked" | "unknown" | "not-checked";
  issuer?: Issuer;
  checks: CheckOutcome[];
}

/** A data element of a verified document. `json` is anything that is no single value, such as driving_privileges. */
export type Element = { nameSpace: string; identifier: string } & (
  | { kind: "text" | "date" | "json"; value: string }
  | { kind: "bytes"; value: Uint8Array }
  | { kind: "integer"; value: number | bigint }
  | { kind: "boolean"; value: boolean }
);

/** A document in which everything that was asked for holds: the only source of values. */
export interface VerifiedDocument {
  docType: string;
  issuer: Issuer;
  signed: Date;
  validFrom: Date;
  validUntil: Date;
  /** Issuer-signed elements in the order of the response. */
  elements: Element[];
  /** Device-signed elements: vouched for by the holder's device, which the issuer authorised for them. */
  deviceSigned: Element[];
}

/** Thrown when an argument of the caller's cannot be used; never for what the holder sent. */
export interface InputError extends Error {
  name: "InputError";
}

/** Thrown when values are asked for that are not verified. */
export interface NotVerifiedError extends Error {
  name: "NotVerifiedError";
  verdict: "untrusted" | "invalid";
  /** Ids of the checks that failed. */
  failed: string[];
}
