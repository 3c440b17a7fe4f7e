"""What the interface promises besides verdicts: the report, exceptions, values and who sees them."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

from mdl_verifier import (
    Conditions,
    ElementValue,
    InputError,
    NotVerified,
    Policy,
    ReaderKey,
    Session,
    TrustedCertificate,
    Verdict,
    Verifier,
)

import vectors

MDL = os.environ["MDL"]
AT = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)


def write_files(test: dict, folder: Path) -> list[str]:
    """Files and arguments as `mdl verify` takes them."""

    def file(name: str, content: str) -> str:
        path = folder / name
        path.write_bytes(vectors.bytes_of(content))
        return str(path)

    arguments = ["--at", test["at"], "--policy", test["policy"]]
    for index, anchor in enumerate(test["iaca"]):
        arguments += ["--iaca", file(f"iaca-{index}", anchor["certificate"])]
    for index, crl in enumerate(test.get("crls", [])):
        arguments += ["--crl", file(f"crl-{index}", crl)]
    for index, token in enumerate(test.get("status_tokens", [])):
        arguments += ["--status-list", file(f"status-token-{index}", token)]
    if test.get("require_revocation"):
        arguments.append("--require-revocation")
    if "doc_type" in test:
        arguments += ["--doc-type", test["doc_type"]]
    if "session_transcript" in test:
        arguments += ["--session-transcript", file("transcript", test["session_transcript"])]
    else:
        arguments.append("--static")
    return arguments + [file("input.cbor", test["input"])]


class Reports(unittest.TestCase):
    # A valid response, one that somebody altered, one without trust, a CRL, a status token, no CBOR, an IssuerSigned.
    NAMES = [
        "cbor-valid",
        "digests-unknown-digest-id",
        "path-impostor-with-key-identifier",
        "mso-relabelled-document",
        "response-second-expired",
        "status-index-beyond-the-list",
        "cbor-nested-arrays",
    ]

    def test_the_report_is_that_of_the_command_byte_for_byte(self):
        issuer_signed = next(test for test in vectors.read_all() if test["kind"] == "issuer-signed")
        with_crl = next(test for test in vectors.read_all() if test.get("crls"))
        tests = [vectors.named(name) for name in self.NAMES] + [issuer_signed, with_crl]
        for test in tests:
            with self.subTest(test["id"]), tempfile.TemporaryDirectory() as folder:
                arguments = write_files(test, Path(folder))
                command = subprocess.run([MDL, "verify", "--json", *arguments], capture_output=True)
                self.assertEqual(command.stderr, b"")
                self.assertEqual(command.returncode, 0 if test["result"] == "valid" else 1)
                report = vectors.verify(test).report_json()
                self.assertEqual(command.stdout, report.encode())


class Values(unittest.TestCase):
    def setUp(self):
        test = vectors.named("cbor-valid")
        self.verification = vectors.verify(test)
        [self.document] = self.verification.verified()

    def test_every_kind_of_value_has_its_class(self):
        kinds = {
            ("cbor-valid", "family_name"): ElementValue.TEXT,
            ("cbor-valid", "birth_date"): ElementValue.DATE,
            ("cbor-valid", "age_over_18"): ElementValue.BOOLEAN,
            ("elements-age-over-integer", "age_over_18"): ElementValue.INTEGER,
            ("elements-portrait-not-an-image", "portrait"): ElementValue.BYTES,
            ("elements-domestic-name-space", "half"): ElementValue.JSON,
        }
        for (name, identifier), kind in kinds.items():
            verification = vectors.verify(vectors.named(name))
            [document] = verification.verified()
            [element] = [e for e in document.elements if e.identifier == identifier]
            self.assertIsInstance(element.value, kind)
            [reported] = json.loads(verification.report_json())["documents"]
            reported = reported["elements"][element.name_space][identifier]
            if kind is ElementValue.JSON:
                self.assertEqual(json.loads(element.value.value), reported)
            elif kind is not ElementValue.BYTES:
                self.assertEqual(element.value.value, reported)

    def test_times_are_times(self):
        self.assertLess(self.document.valid_from, AT)
        self.assertLess(AT, self.document.valid_until)
        [reported] = json.loads(self.verification.report_json())["documents"]
        signed = datetime.fromisoformat(reported["validity"]["signed"].replace("Z", "+00:00"))
        self.assertEqual(self.document.signed, signed)

    def test_nothing_prints_a_value(self):
        for element in self.document.elements:
            for text in [str(element), repr(element), f"{element.value}", repr(element.value)]:
                self.assertNotIn(str(element.value.value), text)
        [name] = [e.value.value for e in self.document.elements if e.identifier == "family_name"]
        self.assertTrue(name)
        audit = self.verification.audit_json()
        self.assertIn("digest", audit)
        for text in [str(self.document), repr(self.document), repr(self.verification), audit]:
            self.assertNotIn(name, text)
        self.assertEqual(str(self.document.elements[0]).split("(")[0], "Element")

    def test_outcomes_of_documents_have_no_values(self):
        [outcome] = self.verification.documents()
        self.assertFalse(hasattr(outcome, "elements"))
        self.assertEqual(outcome.verdict, Verdict.VALID)


class Exceptions(unittest.TestCase):
    def setUp(self):
        self.verifier = Verifier([], Policy.ISO)

    def verify(self, session, at=AT):
        return self.verifier.verify(b"\xa0", Conditions(at=at, session=session))

    def test_arguments_that_cannot_be_used_say_which(self):
        with self.assertRaises(InputError.Certificate) as refused:
            Verifier([TrustedCertificate(certificate=b"none")], Policy.ISO)
        self.assertIn("trusted certificate 0", str(refused.exception))
        with self.assertRaises(InputError.SessionTranscript):
            self.verify(Session.TRANSCRIPT(session_transcript=b"\x82\xf6\xf6"))
        with self.assertRaises(InputError.Engagement):
            self.verify(Session.QR(device_engagement=b"\xa1", e_reader_key=b"\xa0"))
        with self.assertRaises(InputError.JwkThumbprint):
            self.verify(
                Session.OPEN_ID4_VP_DC_API(origin="https://e.example", nonce="n", jwk_thumbprint=b"1")
            )
        with self.assertRaises(InputError.ReaderKey) as refused:
            ReaderKey.from_pkcs8(b"")
        self.assertIsInstance(refused.exception, InputError)
        # A time without a time zone is nobody's.
        with self.assertRaises(TypeError):
            self.verify(Session.STATIC(), datetime(2026, 6, 15))

    def test_what_a_holder_sends_is_no_exception(self):
        for noise in [b"", b"\xff", b"\x00" * 1000, bytes(range(256))]:
            verification = self.verifier.verify(noise, Conditions(at=AT, session=Session.STATIC()))
            self.assertEqual(verification.verdict(), Verdict.INVALID)
            with self.assertRaises(NotVerified.Invalid):
                verification.verified()
            with self.assertRaises(NotVerified):
                verification.verified_document(0)

    def test_every_session_can_be_said(self):
        sessions = [
            Session.STATIC(),
            Session.TRANSCRIPT(session_transcript=b"\x83\xf6\xf6\xf6"),
            Session.QR(device_engagement=b"\xa0", e_reader_key=b"\xa0"),
            Session.NFC(device_engagement=b"\xa0", e_reader_key=b"\xa0", select=b"s"),
            Session.OPEN_ID4_VP(client_id="c", nonce="n", response_uri="https://r.example"),
            Session.OPEN_ID4_VP_DC_API(origin="https://o.example", nonce="n"),
            Session.ISO18013_PART7_ANNEX_B(
                client_id="c", response_uri="https://r.example", mdoc_generated_nonce="m", nonce="n"
            ),
            Session.ISO18013_PART7_ANNEX_C(encryption_info="gg", origin="https://o.example"),
        ]
        for session in sessions:
            self.assertEqual(self.verify(session).verdict(), Verdict.INVALID)


class Threads(unittest.TestCase):
    def test_one_verifier_serves_many_threads(self):
        test = vectors.named("cbor-valid")
        verifier, response = vectors.verifier_of(test), vectors.bytes_of(test["input"])
        with ThreadPoolExecutor(4) as pool:
            jobs = [
                pool.submit(verifier.verify, response, vectors.conditions_of(test)) for _ in range(16)
            ]
            self.assertEqual({job.result().verdict() for job in jobs}, {Verdict.VALID})


class Example(unittest.TestCase):
    READER = vectors.REPOSITORY / "examples/reader-python/read.py"

    def run_on(self, name: str) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as folder:
            arguments = write_files(vectors.named(name), Path(folder))
            return subprocess.run(
                [sys.executable, self.READER, *arguments], capture_output=True, text=True
            )

    def test_a_valid_licence_is_shown(self):
        run = self.run_on("cbor-valid")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("VALID", run.stdout)
        [document] = vectors.verify(vectors.named("cbor-valid")).verified()
        [name] = [e.value.value for e in document.elements if e.identifier == "family_name"]
        self.assertIn(f"family_name: {name}", run.stdout)

    def test_an_invalid_one_is_explained_without_a_value(self):
        run = self.run_on("response-second-expired")
        self.assertEqual(run.returncode, 1)
        self.assertIn("INVALID", run.stdout)
        self.assertIn("valid-until", run.stdout)
        self.assertNotIn("family_name", run.stdout)

    def test_wrong_usage_is_said(self):
        run = subprocess.run(
            [sys.executable, self.READER, "--static", "--iaca", __file__, __file__],
            capture_output=True,
            text=True,
        )
        self.assertEqual(run.returncode, 2)
        self.assertIn("trusted certificate 0", run.stderr)


if __name__ == "__main__":
    unittest.main()
