//! The vectors, one file per layer.

mod cbor;
mod certificate_path;
mod cose;
mod device_authentication;
mod digests;
mod elements;
mod encoding;
mod mso;
mod response;
mod revocation;
mod status;
mod validity;

use std::collections::BTreeMap;

use time::OffsetDateTime;
use time::macros::datetime;

use super::forge::{Authority, Session};
use super::vector_file::{Anchor, Base64, Expected, InputKind, PolicyName, Test, VectorFile};

/// The time at which everything in the vectors is valid.
const NOW: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);

/// Every file by its name.
pub(crate) fn all() -> Vec<(&'static str, VectorFile)> {
    vec![
        ("cbor", cbor::file()),
        ("certificate-path", certificate_path::file()),
        ("cose", cose::file()),
        ("device-authentication", device_authentication::file()),
        ("digests", digests::file()),
        ("elements", elements::file()),
        ("encoding", encoding::file()),
        ("mso", mso::file()),
        ("response", response::file()),
        ("revocation", revocation::file()),
        ("status", status::file()),
        ("validity", validity::file()),
    ]
}

/// A file being written.
struct Layer {
    clause: &'static str,
    notes: BTreeMap<String, String>,
    tests: Vec<Test>,
}

impl Layer {
    fn new<const N: usize>(clause: &'static str, notes: [(&str, &str); N]) -> Self {
        let notes = notes.map(|(flag, note)| (flag.to_owned(), note.to_owned()));
        Self {
            clause,
            notes: notes.into(),
            tests: Vec::new(),
        }
    }

    /// Adds a `DeviceResponse`, received in the session of the vectors. It is valid until [`Case::fails`] says otherwise.
    fn response(&mut self, id: &str, flag: &str, comment: &str, response: Vec<u8>) -> Case<'_> {
        let case = self.case(id, flag, comment, response, InputKind::DeviceResponse);
        case.test.session_transcript = Some(Base64(Session::ours().transcript));
        case
    }

    /// Adds an `IssuerSigned`.
    fn issuer_signed(&mut self, id: &str, flag: &str, comment: &str, input: Vec<u8>) -> Case<'_> {
        self.case(id, flag, comment, input, InputKind::IssuerSigned)
    }

    fn case(
        &mut self,
        id: &str,
        flag: &str,
        comment: &str,
        input: Vec<u8>,
        kind: InputKind,
    ) -> Case<'_> {
        debug_assert!(self.notes.contains_key(flag), "{id}: no note on {flag}");
        let test = Test {
            id: id.to_owned(),
            comment: comment.to_owned(),
            flags: vec![flag.to_owned()],
            at: NOW,
            policy: PolicyName::Iso,
            kind,
            input: Base64(input),
            iaca: vec![anchor(Authority::utopia().root())],
            crls: Vec::new(),
            status_tokens: Vec::new(),
            require_revocation: false,
            session_transcript: None,
            reader_key: None,
            doc_type: None,
            result: Expected::Valid,
            checks: Vec::new(),
            warnings: Vec::new(),
        };
        self.tests.push(test);
        let last = self.tests.len() - 1;
        Case {
            test: &mut self.tests[last],
        }
    }

    fn into_file(self) -> VectorFile {
        VectorFile {
            source: "own, made by `mdl vectors generate`".to_owned(),
            clause: self.clause.to_owned(),
            notes: self.notes,
            tests: self.tests,
        }
    }
}

/// A test being written.
struct Case<'l> {
    test: &'l mut Test,
}

impl Case<'_> {
    /// Exactly these checks fail.
    fn fails<const N: usize>(self, checks: [&str; N]) -> Self {
        self.test.checks = checks.map(str::to_owned).to_vec();
        self.test.result = if N == 0 {
            Expected::Valid
        } else {
            Expected::Invalid
        };
        self
    }

    /// Exactly these checks give a warning.
    fn warns<const N: usize>(self, checks: [&str; N]) -> Self {
        self.test.warnings = checks.map(str::to_owned).to_vec();
        self
    }

    fn policy(self, policy: PolicyName) -> Self {
        self.test.policy = policy;
        self
    }

    fn at(self, at: OffsetDateTime) -> Self {
        self.test.at = at;
        self
    }

    /// Trusts these certificates in place of the IACA of the vectors.
    fn iaca<const N: usize>(self, certificates: [Vec<u8>; N]) -> Self {
        self.test.iaca = certificates.map(anchor).to_vec();
        self
    }

    /// Trusts the anchors for these document types only.
    fn scope<const N: usize>(self, doc_types: [&str; N]) -> Self {
        for anchor in &mut self.test.iaca {
            anchor.doc_types = Some(doc_types.map(str::to_owned).to_vec());
        }
        self
    }

    /// Trusts the anchors for document signers of this country and state only.
    fn region(self, country: Option<&str>, state: Option<&str>) -> Self {
        for anchor in &mut self.test.iaca {
            anchor.country = country.map(str::to_owned);
            anchor.state = state.map(str::to_owned);
        }
        self
    }

    fn crls<const N: usize>(self, crls: [Vec<u8>; N]) -> Self {
        self.test.crls = crls.map(Base64).to_vec();
        self
    }

    fn status_tokens(self, tokens: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.test.status_tokens = tokens.into_iter().map(Base64).collect();
        self
    }

    fn require_revocation(self) -> Self {
        self.test.require_revocation = true;
        self
    }

    /// Received in another session than that of the vectors; the reader has its ephemeral key at hand.
    fn session(self, session: &Session) -> Self {
        self.test.session_transcript = Some(Base64(session.transcript.clone()));
        self.with_reader_key_of(session)
    }

    /// The reader has its ephemeral key at hand.
    fn reader_key(self) -> Self {
        self.with_reader_key_of(&Session::ours())
    }

    fn with_reader_key_of(self, session: &Session) -> Self {
        self.test.reader_key = Some(Base64(session.reader_key.to_pkcs8_der().to_vec()));
        self
    }

    /// Only issuer data authentication is asked for.
    fn without_session(self) -> Self {
        self.test.session_transcript = None;
        self
    }

    fn doc_type(self, doc_type: &str) -> Self {
        self.test.doc_type = Some(doc_type.to_owned());
        self
    }
}

fn anchor(certificate: Vec<u8>) -> Anchor {
    Anchor {
        certificate: Base64(certificate),
        doc_types: None,
        country: None,
        state: None,
    }
}
