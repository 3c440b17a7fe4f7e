//! Tokens whose claims give no answer.

use super::super::super::forge::{
    Cbor, EXPIRATION_TIME, ISSUED_AT, Map, STATUS_LIST, SUBJECT, StatusToken, TIME_TO_LIVE, TYP,
    status_list, zlib,
};
use super::Problem;

pub(super) fn claim_problems() -> Vec<Problem> {
    let claim = |label: i64, value: Cbor| {
        StatusToken::new()
            .with(|token| token.claims.set(label, value))
            .to_cwt()
    };
    let lst = |lst: Vec<u8>| {
        let list = Map::new([("bits", Cbor::from(1)), ("lst", lst.into())]);
        claim(STATUS_LIST, list.into())
    };
    let stored = zlib(&[0; 128]);
    let mut wrong_sum = stored.clone();
    let last = wrong_sum.len() - 1;
    wrong_sum[last] ^= 1;
    let mut trailing = stored.clone();
    trailing.push(0);
    let mut both = StatusToken::of_identifiers(&[]);
    both.protected.set(TYP, "application/statuslist+cwt");
    both.claims.set(STATUS_LIST, status_list(1, &[0; 128]));
    let without = |label: i64| {
        StatusToken::new()
            .with(|token| token.claims.remove(label))
            .to_cwt()
    };
    vec![
        (
            "status-of-other-list",
            "sub is the URI of another list",
            claim(SUBJECT, "https://status.example/2".into()),
        ),
        (
            "status-of-similar-list",
            "sub is the URI with a slash at its end",
            claim(SUBJECT, "https://status.example/1/".into()),
        ),
        ("status-without-subject", "no sub", without(SUBJECT)),
        ("status-without-time-of-issue", "no iat", without(ISSUED_AT)),
        ("status-without-expiry", "no exp", without(EXPIRATION_TIME)),
        (
            "status-issued-later",
            "iat lies one second ahead",
            claim(ISSUED_AT, 1_781_524_801.into()),
        ),
        (
            "status-expired",
            "exp passed one second ago",
            claim(EXPIRATION_TIME, 1_781_524_799.into()),
        ),
        (
            "status-stale",
            "ttl passed one second ago, exp has not",
            claim(TIME_TO_LIVE, 129_599.into()),
        ),
        ("status-ttl-zero", "ttl is 0", claim(TIME_TO_LIVE, 0.into())),
        (
            "status-three-bits",
            "entries of three bits",
            claim(STATUS_LIST, status_list(3, &[0; 384]).into()),
        ),
        (
            "status-checksum-wrong",
            "the list has another Adler-32",
            lst(wrong_sum),
        ),
        (
            "status-list-cut-off",
            "the compressed list lacks its checksum",
            lst(stored[..stored.len() - 4].to_vec()),
        ),
        (
            "status-list-prolonged",
            "a byte after the compressed list",
            lst(trailing),
        ),
        (
            "status-list-raw",
            "the list is DEFLATE without ZLIB framing",
            lst(stored[2..stored.len() - 4].to_vec()),
        ),
        (
            "status-identifiers-instead",
            "an identifier list where the MSO names a status list",
            StatusToken::of_identifiers(&[]).to_cwt(),
        ),
        (
            "status-both-lists",
            "the token holds both kinds of list",
            both.to_cwt(),
        ),
    ]
}
