//! Status tokens: the document is revoked, good, or that is not to be found out (second edition, 12.3.6).

mod claims;
mod signer;
mod token;

use mdl_crypto::Curve;

use super::super::forge::{
    Authority, CERT_AND_CRL_SIGN, Cbor, Certificate, Item, KEY_USAGE, Licence, Map, Name,
    STATUS_URI, SUBJECT, StatusToken, TIME_TO_LIVE, X5CHAIN, key, status_jwt, status_signer,
    status_signer_key,
};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

/// The entry of the documents here.
const IDX: u64 = 412;
/// The identifier of the documents here that name an identifier list.
const ID: &[u8] = &[0x1d; 16];

/// Id and comment of a test, and its token.
type Problem = (&'static str, &'static str, Vec<u8>);

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "12.3.6, Annex B (second edition); draft-ietf-oauth-status-list, 8.3",
        [
            (
                "Revoked",
                "The list that the MSO names answers something else than *valid*, or has no such entry.",
            ),
            ("Good", "A current list of the right signer says *valid*."),
            (
                "Undetermined",
                "The token gives no answer. That is not good news: under `require_revocation` it is a failure.",
            ),
            (
                "NotChecked",
                "No token was given, or nobody should be asked.",
            ),
            (
                "Mechanism",
                "Two mechanisms at once: each reader could ask the one that suits the holder.",
            ),
            (
                "Deviation",
                "The list answers, with entries of another width than the standard's.",
            ),
        ],
    );
    revoked(&mut layer);
    good(&mut layer);
    not_asked(&mut layer);
    undetermined(&mut layer, token::token_problems());
    undetermined(&mut layer, claims::claim_problems());
    undetermined(&mut layer, signer::signer_problems());
    undetermined_by_the_mso(&mut layer);
    layer.into_file()
}

/// A licence that names entry [`IDX`], changed.
fn licence(change: impl FnOnce(&mut Map) + 'static) -> Licence {
    let mut reference = Map::new([("idx", Cbor::Unsigned(IDX)), ("uri", STATUS_URI.into())]);
    change(&mut reference);
    with_status(Map::new([("status_list", reference.into())]))
}

fn with_status(status: Map) -> Licence {
    Licence::new().mso(|mso| mso.push("status", status))
}

fn named() -> Vec<u8> {
    licence(|_| {}).response()
}

fn with_identifier() -> Vec<u8> {
    let reference = Map::new([("id", ID.into()), ("uri", STATUS_URI.into())]);
    with_status(Map::new([("identifier_list", reference.into())])).response()
}

/// The IACA's CRL, which names nobody.
fn crl() -> Vec<u8> {
    let iaca = Authority::utopia();
    iaca.crl().sign(&iaca.key)
}

/// 1024 entries of one bit, of which these are set.
fn entries(set: &[u64]) -> Vec<u8> {
    let mut packed = vec![0; 128];
    for idx in set {
        packed[*idx as usize / 8] |= 1 << (idx % 8);
    }
    packed
}

fn revoking() -> StatusToken {
    StatusToken::new().list(1, &entries(&[IDX]))
}

fn revoked(layer: &mut Layer) {
    for (id, policy) in [
        ("status-revoked", PolicyName::Iso),
        ("status-revoked-strict", PolicyName::Strict),
        ("status-revoked-interop", PolicyName::Interop),
    ] {
        layer
            .response(id, "Revoked", "the entry is 1", named())
            .status_tokens([revoking().to_cwt()])
            .policy(policy)
            .fails(["status-reference"]);
    }
    let mut four_bits = vec![0; 512];
    four_bits[206] = 0x07;
    let mut two_bits = vec![0; 256];
    two_bits[103] = 0x02;
    let later = |token: StatusToken| token.issued_at(1_781_481_600).to_cwt();
    for (id, comment, tokens) in [
        (
            "status-revoked-jwt",
            "the entry is 1, in a JWT",
            vec![status_jwt(&entries(&[IDX]))],
        ),
        (
            "status-suspended",
            "the entry, of two bits, is 2",
            vec![StatusToken::new().list(2, &two_bits).to_cwt()],
        ),
        (
            "status-value-unknown",
            "the entry, of four bits, is 7, which means nothing here",
            vec![StatusToken::new().list(4, &four_bits).to_cwt()],
        ),
        (
            "status-index-beyond-the-list",
            "the list ends right before the entry",
            vec![StatusToken::new().list(1, &[0; 51]).to_cwt()],
        ),
        (
            "status-revoked-on-stale-list",
            "ttl has passed, exp has not; the entry still holds",
            vec![
                revoking()
                    .with(|token| token.claims.set(TIME_TO_LIVE, 3600))
                    .to_cwt(),
            ],
        ),
        (
            "status-revoked-on-newest-of-two",
            "an older token says valid, the newest says revoked",
            vec![StatusToken::new().to_cwt(), later(revoking())],
        ),
    ] {
        layer
            .response(id, "Revoked", comment, named())
            .status_tokens(tokens)
            .fails(["status-reference"]);
    }
    layer
        .response(
            "status-identifier-listed",
            "Revoked",
            "the identifier list names the document",
            with_identifier(),
        )
        .status_tokens([StatusToken::of_identifiers(&[&[1; 16], ID]).to_cwt()])
        .fails(["status-reference"]);
}

fn good(layer: &mut Layer) {
    let later = |token: StatusToken| token.issued_at(1_781_481_600).to_cwt();
    let impostor = Authority::impostor();
    let forged = revoking().signed_by(
        &status_signer_key(),
        vec![status_signer(&impostor).sign(&impostor.key)],
    );
    let mut untagged = StatusToken::new().to_cose();
    untagged.tag = None;
    let everybody_else: Vec<u64> = (0..1024).filter(|idx| *idx != IDX).collect();
    for (id, comment, tokens) in [
        (
            "status-valid",
            "the entry is 0",
            vec![StatusToken::new().to_cwt()],
        ),
        (
            "status-valid-jwt",
            "the entry is 0, in a JWT",
            vec![status_jwt(&[0; 128])],
        ),
        (
            "status-valid-untagged",
            "the token has no tag 18",
            vec![untagged.to_cbor().to_bytes()],
        ),
        (
            "status-others-revoked",
            "every entry but this one is 1",
            vec![
                StatusToken::new()
                    .list(1, &entries(&everybody_else))
                    .to_cwt(),
            ],
        ),
        (
            "status-valid-on-newest-of-two",
            "an older token says revoked, the newest says valid",
            vec![later(StatusToken::new()), revoking().to_cwt()],
        ),
        (
            "status-forged-beside-good",
            "somebody else's token says revoked, the older one of the right signer says valid",
            vec![later(forged), StatusToken::new().to_cwt()],
        ),
        (
            "status-other-list-beside-good",
            "a token of another list, and noise, before the right one",
            vec![
                vec![0x2a; 40],
                revoking()
                    .with(|token| token.claims.set(SUBJECT, "https://status.example/2"))
                    .to_cwt(),
                StatusToken::new().to_cwt(),
            ],
        ),
        (
            "status-certificate-unprotected",
            "x5chain of the token stands in the unprotected header",
            vec![
                StatusToken::new()
                    .with(|token| {
                        let certificate = token.x5chain.remove(0);
                        token.unprotected.set(X5CHAIN, certificate);
                    })
                    .to_cwt(),
            ],
        ),
    ] {
        layer
            .response(id, "Good", comment, named())
            .crls([crl()])
            .status_tokens(tokens)
            .require_revocation();
    }
    layer
        .response(
            "status-identifier-not-listed",
            "Good",
            "the identifier list names others only",
            with_identifier(),
        )
        .crls([crl()])
        .status_tokens([StatusToken::of_identifiers(&[&[1; 16], &[0x1d; 15]]).to_cwt()])
        .require_revocation();
    good_by_certificate(layer);
    for (id, policy) in [
        ("status-two-bits", PolicyName::Iso),
        ("status-two-bits-strict", PolicyName::Strict),
    ] {
        let case = layer
            .response(id, "Deviation", "valid, by an entry of two bits", named())
            .crls([crl()])
            .status_tokens([StatusToken::new().list(2, &[0; 256]).to_cwt()])
            .policy(policy)
            .require_revocation();
        if policy == PolicyName::Strict {
            case.fails(["status-reference"]);
        } else {
            case.warns(["status-reference"]);
        }
    }
}

/// Another authority, which no reader trusts by itself.
fn status_authority() -> (Authority, Vec<u8>) {
    let authority = Authority {
        name: Name::new("US", "US-UT", "Utopia Status CA"),
        key: key("status authority", Curve::P256),
    };
    let mut certificate = Certificate::iaca(&authority.name, authority.key.public_key());
    certificate.set_extension(KEY_USAGE, true, CERT_AND_CRL_SIGN);
    let root = certificate.sign(&authority.key);
    (authority, root)
}

fn good_by_certificate(layer: &mut Layer) {
    let (authority, root) = status_authority();
    let certificate = status_signer(&authority).sign(&authority.key);
    let token = StatusToken::new().signed_by(&status_signer_key(), vec![certificate.clone()]);
    layer
        .response(
            "status-anchored-by-the-mso",
            "Good",
            "the MSO carries the certificate of the authority above the token's signer",
            licence(|reference| reference.set("certificate", root)).response(),
        )
        .crls([crl()])
        .status_tokens([token.to_cwt()])
        .require_revocation();
    layer
        .response(
            "status-signer-in-the-mso",
            "Good",
            "the MSO carries the certificate of the token's signer itself",
            licence(|reference| reference.set("certificate", certificate)).response(),
        )
        .crls([crl()])
        .status_tokens([token.to_cwt()])
        .require_revocation();
}

fn not_asked(layer: &mut Layer) {
    layer.response(
        "status-not-given",
        "NotChecked",
        "no token, and none is required",
        named(),
    );
    layer
        .response(
            "status-not-given-required",
            "NotChecked",
            "no token, though one is required",
            named(),
        )
        .crls([crl()])
        .require_revocation()
        .fails(["status-reference"]);
    let altered = licence(|_| {}).disclosed(|name_spaces| {
        name_spaces[0].1[0] = Item::new(3, "family_name", "Mustermann");
    });
    layer
        .response(
            "status-of-invalid-document",
            "NotChecked",
            "the document is forged and revoked; its list is not asked",
            altered.response(),
        )
        .status_tokens([revoking().to_cwt()])
        .fails(["value-digest"]);
    let both = || {
        let list = Map::new([("idx", Cbor::Unsigned(IDX)), ("uri", STATUS_URI.into())]);
        let identifiers = Map::new([("id", ID.into()), ("uri", STATUS_URI.into())]);
        with_status(Map::new([
            ("status_list", list.into()),
            ("identifier_list", identifiers.into()),
        ]))
        .response()
    };
    layer
        .response(
            "status-two-mechanisms",
            "Mechanism",
            "a status list and an identifier list, no token",
            both(),
        )
        .fails(["status-mechanism"]);
    layer
        .response(
            "status-two-mechanisms-valid",
            "Mechanism",
            "a status list and an identifier list; by the token of the first it is valid",
            both(),
        )
        .status_tokens([StatusToken::new().to_cwt()])
        .fails(["status-mechanism"]);
}

/// Each of these tokens is no evidence: without a requirement the document is valid, with it it is not.
fn undetermined(layer: &mut Layer, cases: Vec<Problem>) {
    for (id, comment, token) in cases {
        layer
            .response(id, "Undetermined", comment, named())
            .status_tokens([token.clone()]);
        layer
            .response(&format!("{id}-required"), "Undetermined", comment, named())
            .crls([crl()])
            .status_tokens([token])
            .require_revocation()
            .fails(["status-reference"]);
    }
}

/// What the MSO says keeps the list from answering, or something beside the token does.
fn undetermined_by_the_mso(layer: &mut Layer) {
    let iaca = Authority::utopia();
    let (_, root) = status_authority();
    let good = || StatusToken::new().to_cwt();
    let http = "http://status.example/1";
    let over_http = StatusToken::new().with(|token| token.claims.set(SUBJECT, http));
    for (id, comment, response, token) in [
        (
            "status-uri-not-https",
            "the MSO names its list by an http URI",
            licence(move |reference| reference.set("uri", http)).response(),
            over_http.to_cwt(),
        ),
        (
            "status-mechanism-unknown",
            "a mechanism that is not known",
            with_status(Map::new([("someday", Cbor::Null)])).response(),
            good(),
        ),
        (
            "status-other-anchor-in-the-mso",
            "the MSO carries another authority's certificate, the token's signer is below the IACA",
            licence(|reference| reference.set("certificate", root)).response(),
            good(),
        ),
        (
            "status-noise-in-the-mso",
            "the certificate in the MSO is none",
            licence(|reference| reference.set("certificate", vec![0x2a; 40])).response(),
            good(),
        ),
        (
            "status-list-instead",
            "a status list where the MSO names an identifier list",
            with_identifier(),
            good(),
        ),
    ] {
        layer
            .response(id, "Undetermined", comment, response.clone())
            .status_tokens([token.clone()]);
        layer
            .response(&format!("{id}-required"), "Undetermined", comment, response)
            .crls([crl()])
            .status_tokens([token])
            .require_revocation()
            .fails(["status-reference"]);
    }
    let listed = iaca.crl().revoke(&status_signer(&iaca).serial);
    layer
        .response(
            "status-signer-revoked",
            "Undetermined",
            "the signer of the token is on the IACA's CRL",
            named(),
        )
        .crls([listed.sign(&iaca.key)])
        .status_tokens([good()])
        .require_revocation()
        .fails(["status-reference"]);
    let (authority, root) = status_authority();
    let certificate = status_signer(&authority).sign(&authority.key);
    layer
        .response(
            "status-signer-of-other-trusted-authority",
            "Undetermined",
            "the signer's certificate is by another authority, which the reader trusts as well",
            named(),
        )
        .iaca([iaca.root(), root])
        .crls([crl()])
        .status_tokens([StatusToken::new()
            .signed_by(&status_signer_key(), vec![certificate])
            .to_cwt()])
        .require_revocation()
        .fails(["status-reference"]);
}
