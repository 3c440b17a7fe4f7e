"""The monitor of certificates: what it runs, that `mdl` takes it, and what its role may."""

from __future__ import annotations

import os
import subprocess
import unittest

from examples import role, stack
from policies import decide
from template import CA_ARN
from test_policies import BUCKET, statements


def command(**changes: object) -> list[str]:
    task = stack("certificate-monitor", **changes).resources()["Task"]["Properties"]
    return [str(word) for word in task["ContainerDefinitions"][0]["Command"]]


class Monitor(unittest.TestCase):
    def setUp(self) -> None:
        self.made = stack("certificate-monitor")

    def test_mdl_takes_the_command(self) -> None:
        """Words are read in order: what it stumbles over is what comes last, which is wrong on purpose."""
        asked = [os.environ["MDL"], *command(), "--at", "never"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("'never' for '--at", done.stderr)

    def test_what_was_told_is_kept_where_the_role_may_write_and_no_reader_reads(self) -> None:
        words = command()
        state = words[words.index("--state") + 1]
        self.assertEqual(state, "s3://crlbucket/monitor/told.json")
        self.assertTrue(self.may("s3:PutObject", f"{BUCKET}/monitor/told.json"))
        served = [
            statement["Resource"]
            for statement in statements(stack("certificate-authority"), "CrlBucketPolicy")
            if statement["Effect"] == "Allow" and "cloudfront" in str(statement["Principal"])
        ]
        self.assertTrue(served)
        for resource in served:
            self.assertTrue(resource.endswith("/crl/*"), resource)

    def may(self, action: str, resource: str) -> bool:
        return decide(statements(self.made, "Monitor"), [], role("Monitor"), action, resource, {})

    def test_it_reads_what_was_issued_and_changes_nothing(self) -> None:
        for action in ("CreateCertificateAuthorityAuditReport", "GetCertificate", "GetCertificateAuthorityCertificate"):
            self.assertTrue(self.may(f"acm-pca:{action}", CA_ARN), action)
            self.assertFalse(self.may(f"acm-pca:{action}", CA_ARN.replace("11223344", "99999999")), action)
        for action in ("IssueCertificate", "RevokeCertificate", "UpdateCertificateAuthority"):
            self.assertFalse(self.may(f"acm-pca:{action}", CA_ARN), action)
        self.assertTrue(self.may("s3:GetObject", f"{BUCKET}/crl/11223344.crl"))
        for key in ("crl/11223344.crl", "crl/own/iaca.crl", "other"):
            self.assertFalse(self.may("s3:PutObject", f"{BUCKET}/{key}"), key)

    def test_it_tells_its_own_topic_only(self) -> None:
        words = command()
        topic = words[words.index("--sns") + 1]
        self.assertTrue(self.may("sns:Publish", topic))
        self.assertFalse(self.may("sns:Publish", "arn:aws:sns:us-west-2:111122223333:Topic"))


if __name__ == "__main__":
    unittest.main()
