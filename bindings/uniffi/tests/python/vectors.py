"""The vectors of testvectors/ as arguments of the verifier."""

import base64
import json
from datetime import datetime
from pathlib import Path

from mdl_verifier import (
    Conditions,
    Policy,
    ReaderKey,
    Session,
    TrustedCertificate,
    Verification,
    Verifier,
)

REPOSITORY = Path(__file__).resolve().parents[4]
POLICIES = {"strict": Policy.STRICT, "iso": Policy.ISO, "interop": Policy.INTEROP}


def read_all() -> list[dict]:
    """Every test of every file."""
    files = sorted((REPOSITORY / "testvectors").glob("*.json"))
    contents = [json.loads(file.read_text()) for file in files if file.stem != "schema"]
    return [test for content in contents for test in content["tests"]]


def named(name: str) -> dict:
    """The test with this id."""
    return next(test for test in read_all() if test["id"] == name)


def bytes_of(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def verifier_of(test: dict) -> Verifier:
    trusted = [
        TrustedCertificate(
            certificate=bytes_of(anchor["certificate"]),
            doc_types=anchor.get("doc_types"),
            country=anchor.get("country"),
            state=anchor.get("state"),
        )
        for anchor in test["iaca"]
    ]
    return Verifier(trusted, POLICIES[test["policy"]])


def conditions_of(test: dict) -> Conditions:
    session = Session.STATIC()
    if "session_transcript" in test:
        key = test.get("reader_key")
        session = Session.TRANSCRIPT(
            session_transcript=bytes_of(test["session_transcript"]),
            reader_key=ReaderKey.from_pkcs8(bytes_of(key)) if key else None,
        )
    return Conditions(
        at=datetime.fromisoformat(test["at"].replace("Z", "+00:00")),
        session=session,
        doc_type=test.get("doc_type"),
        crls=[bytes_of(crl) for crl in test.get("crls", [])],
        status_tokens=[bytes_of(token) for token in test.get("status_tokens", [])],
        require_revocation=test.get("require_revocation", False),
    )


def verify(test: dict) -> Verification:
    verifier, conditions = verifier_of(test), conditions_of(test)
    if test["kind"] == "issuer-signed":
        return verifier.verify_issuer_signed(bytes_of(test["input"]), conditions)
    return verifier.verify(bytes_of(test["input"]), conditions)
