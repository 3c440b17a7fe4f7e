"""Every vector of testvectors/ has its verdict, fails in the checks that it names, and gives out values only if it is
valid. There is none that this interface cannot say."""

import unittest

from mdl_verifier import InputKind, NotVerified, Outcome, Verdict, Verification, input_kind_of

import vectors


def with_outcome(verification: Verification, outcome: Outcome) -> list[str]:
    checks = list(verification.checks())
    for document in verification.documents():
        checks += document.checks
    return sorted({check.id for check in checks if check.outcome == outcome})


class Vectors(unittest.TestCase):
    def test_every_vector_has_its_outcome(self):
        tests = vectors.read_all()
        self.assertGreater(len(tests), 700)
        for test in tests:
            with self.subTest(test["id"]):
                self.assert_outcome(test, vectors.verify(test))

    def assert_outcome(self, test: dict, verification: Verification):
        valid = test["result"] == "valid"
        self.assertEqual(verification.verdict() == Verdict.VALID, valid)
        self.assertEqual(with_outcome(verification, Outcome.FAIL), sorted(test["checks"]))
        self.assertEqual(with_outcome(verification, Outcome.WARNING), sorted(test.get("warnings", [])))
        if valid:
            self.assertEqual(len(verification.verified()), len(verification.documents()))
            kinds = {
                "device-response": InputKind.DEVICE_RESPONSE,
                "issuer-signed": InputKind.ISSUER_SIGNED,
            }
            self.assertEqual(input_kind_of(vectors.bytes_of(test["input"])), kinds[test["kind"]])
        else:
            refusals = {
                Verdict.UNTRUSTED: NotVerified.Untrusted,
                Verdict.INVALID: NotVerified.Invalid,
            }
            with self.assertRaises(refusals[verification.verdict()]) as refused:
                verification.verified()
            self.assertEqual(sorted(set(refused.exception.failed)), sorted(test["checks"]))
        # One that is valid beside one that is not may be had, by its number only.
        sound = all(check.outcome != Outcome.FAIL for check in verification.checks())
        for index, document in enumerate(verification.documents()):
            if sound and document.verdict == Verdict.VALID:
                self.assertEqual(verification.verified_document(index).doc_type, document.doc_type)
            else:
                with self.assertRaises(NotVerified):
                    verification.verified_document(index)


if __name__ == "__main__":
    unittest.main()
