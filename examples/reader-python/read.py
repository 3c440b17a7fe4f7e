#!/usr/bin/env python3
"""Reads a mobile driving licence: verdict, what failed, and the data elements if all of it is valid.

    bindings/uniffi/build python target/python
    PYTHONPATH=target/python examples/reader-python/read.py --iaca iaca.pem --static licence.cbor

The file is a DeviceResponse or an IssuerSigned. Exit code 0: valid; 1: not valid; 2: wrong usage.
"""

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path

import mdl_verifier as mdl

POLICIES = {"strict": mdl.Policy.STRICT, "iso": mdl.Policy.ISO, "interop": mdl.Policy.INTEROP}


def main() -> int:
    arguments = parse_arguments()
    try:
        verification = verify(arguments)
    except (OSError, mdl.InputError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # The verdict comes first, and values come only from verified(), which refuses unless everything is valid.
    print(verification.verdict().name)
    for uri in verification.needed_status_lists():
        print(f"  to know whether it is revoked, fetch {uri} and verify again with --status-list")
    try:
        documents = verification.verified()
    except mdl.NotVerified:
        explain(verification)
        return 1
    for document in documents:
        show(document)
    return 0


def verify(arguments: argparse.Namespace) -> mdl.Verification:
    trusted = [mdl.TrustedCertificate(certificate=file.read_bytes()) for file in arguments.iaca]
    verifier = mdl.Verifier(trusted, POLICIES[arguments.policy])
    session = mdl.Session.STATIC()
    if arguments.session_transcript:
        session = mdl.Session.TRANSCRIPT(session_transcript=arguments.session_transcript.read_bytes())
    conditions = mdl.Conditions(
        at=arguments.at,
        session=session,
        doc_type=arguments.doc_type,
        crls=[file.read_bytes() for file in arguments.crl],
        status_tokens=[file.read_bytes() for file in arguments.status_list],
        require_revocation=arguments.require_revocation,
    )
    licence = arguments.file.read_bytes()
    if mdl.input_kind_of(licence) == mdl.InputKind.ISSUER_SIGNED:
        return verifier.verify_issuer_signed(licence, conditions)
    return verifier.verify(licence, conditions)


def explain(verification: mdl.Verification) -> None:
    """What failed, by check id and clause, which the report and its documentation use too."""
    checks = [("response", check) for check in verification.checks()]
    for number, document in enumerate(verification.documents(), 1):
        checks += [(f"document {number}", check) for check in document.checks]
    for place, check in checks:
        if check.outcome == mdl.Outcome.FAIL:
            print(f"  {place}: {check.id} ({check.clause}): {check.why or check.summary}")
            if check.explanation:
                print(f"    {check.explanation}")


def show(document: mdl.VerifiedDocument) -> None:
    issuer = document.issuer
    place = ", ".join(part for part in [issuer.state, issuer.country] if part)
    print(f"{document.doc_type}, issued by {issuer.common_name or 'an unnamed signer'} ({place})")
    print(f"  may be used until {document.valid_until:%Y-%m-%d %H:%M} UTC")
    for element in document.elements:
        print(f"  {element.identifier}: {text(element.value)}")
    for element in document.device_signed:
        print(f"  {element.identifier}: {text(element.value)} (said by the holder's device)")


def text(value: mdl.ElementValue) -> str:
    if isinstance(value, mdl.ElementValue.BYTES):
        return f"{len(value.value)} bytes"
    if isinstance(value, mdl.ElementValue.BOOLEAN):
        return "yes" if value.value else "no"
    return str(value.value)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Verifies a mobile driving licence.")
    parser.add_argument("file", type=Path, help="DeviceResponse or IssuerSigned")
    parser.add_argument(
        "--iaca", type=Path, action="append", required=True, help="certificate to trust, PEM or DER"
    )
    session = parser.add_mutually_exclusive_group(required=True)
    session.add_argument("--session-transcript", type=Path, help="SessionTranscript, as CBOR")
    session.add_argument(
        "--static", action="store_true", help="in no session: says nothing of who presents it"
    )
    parser.add_argument("--doc-type", help="the document type that was asked for")
    parser.add_argument("--crl", type=Path, action="append", default=[], help="CRL, PEM or DER")
    parser.add_argument(
        "--status-list", type=Path, action="append", default=[], help="status token, CWT or JWT"
    )
    parser.add_argument(
        "--require-revocation", action="store_true", help="not valid without evidence on revocation"
    )
    parser.add_argument("--policy", choices=POLICIES, default="iso")
    parser.add_argument(
        "--at", type=moment, default=datetime.now(timezone.utc), help="RFC 3339; now if not given"
    )
    return parser.parse_args()


def moment(written: str) -> datetime:
    time = datetime.fromisoformat(written.replace("Z", "+00:00"))
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError("a time zone is missing, such as Z")
    return time


if __name__ == "__main__":
    sys.exit(main())
