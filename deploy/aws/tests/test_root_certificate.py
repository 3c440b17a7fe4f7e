"""The root certificate of certificate-authority.yaml, and each way in which it could go wrong."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import tempfile
import unittest
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from examples import PARAMETERS, parameter, stack
from root_certificate import CRL_POINTS, ISSUER_ALT_NAME, KEY_USAGE, certificate, crl_url, custom_extension, findings
from template import Refused, load


def properties(template: dict[str, Any], resource: str) -> dict[str, Any]:
    return template["Resources"][resource]["Properties"]


def request(template: dict[str, Any]) -> dict[str, Any]:
    return properties(template, "RootCertificate")


def crl(template: dict[str, Any]) -> dict[str, Any]:
    return properties(template, "CertificateAuthority")["RevocationConfiguration"]["CrlConfiguration"]


def without(template: dict[str, Any], oid: str) -> None:
    request(template)["ApiPassthrough"]["Extensions"]["CustomExtensions"].remove(custom_extension(template, oid))


def uri_points(*tags: int, uri: str) -> str:
    text = uri.encode()
    for tag in reversed(tags):
        text = bytes([tag, len(text)]) + text
    return base64.b64encode(text).decode()


# What is done to the template, and a word of what must be found.
BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "key usage is not critical": (lambda t: custom_extension(t, KEY_USAGE).update(Critical=False), "criticality"),
    "key usage says nothing about being critical": (lambda t: custom_extension(t, KEY_USAGE).pop("Critical"), "criticality"),
    "key usage has digitalSignature too": (lambda t: custom_extension(t, KEY_USAGE).update(Value="AwIBhg=="), "keyUsage"),
    "key usage is that of a signer": (lambda t: custom_extension(t, KEY_USAGE).update(Value="AwIHgA=="), "keyUsage"),
    "key usage has nine bits": (lambda t: custom_extension(t, KEY_USAGE).update(Value="AwMHBgA="), "DER"),
    "key usage is missing": (lambda t: without(t, KEY_USAGE), "extensions"),
    "key usage is structured too": (
        lambda t: request(t)["ApiPassthrough"]["Extensions"].update(KeyUsage={"KeyCertSign": True, "CRLSign": True}),
        "passed through as members",
    ),
    "issuer alternative name is critical": (
        lambda t: custom_extension(t, ISSUER_ALT_NAME).update(Critical=True),
        "criticality",
    ),
    "issuer alternative name is missing": (lambda t: without(t, ISSUER_ALT_NAME), "issuerAltName"),
    "issuer alternative name is a host": (
        lambda t: custom_extension(t, ISSUER_ALT_NAME).update(Value=uri_points(0x30, 0x82, uri="dmv.example.gov")),
        "issuerAltName",
    ),
    "issuer alternative name is cut off": (
        lambda t: custom_extension(t, ISSUER_ALT_NAME).update(Value="MCiGJmh0"),
        "DER",
    ),
    "distribution point is missing": (lambda t: without(t, CRL_POINTS), "distribution point"),
    "distribution point is critical": (lambda t: custom_extension(t, CRL_POINTS).update(Critical=True), "criticality"),
    "distribution point is the bucket": (
        lambda t: custom_extension(t, CRL_POINTS).update(
            Value=uri_points(0x30, 0x30, 0xA0, 0xA0, 0x86, uri="http://bucket.s3.amazonaws.com/crl/1.crl")
        ),
        "distribution point",
    ),
    "distribution point is a host": (
        lambda t: custom_extension(t, CRL_POINTS).update(Value=uri_points(0x30, 0x30, 0xA0, 0xA0, 0x82, uri="a.example")),
        "distribution point",
    ),
    "CRL is published under another name": (lambda t: crl(t).update(CustomCname="other.example.gov"), "distribution point"),
    "an extended key usage was added": (
        lambda t: request(t)["ApiPassthrough"]["Extensions"]["CustomExtensions"].append(
            {"ObjectIdentifier": "2.5.29.37", "Critical": True, "Value": "MAkGByiBjF0FAQI="}
        ),
        "extensions",
    ),
    "template has no path length": (
        lambda t: request(t).update(TemplateArn="arn:aws:acm-pca:::template/BlankRootCACertificate_APIPassthrough/V1"),
        "another template",
    ),
    "template ignores what is passed through": (
        lambda t: request(t).update(TemplateArn="arn:aws:acm-pca:::template/RootCACertificate/V1"),
        "another template",
    ),
    "root lives for 20 years and an hour": (lambda t: request(t)["Validity"].update(Value=7300), "20 years"),
    "signature does not go with the curve": (
        lambda t: request(t).update(SigningAlgorithm="SHA384WITHECDSA"),
        "signature algorithm",
    ),
    "subject is passed through": (
        lambda t: request(t)["ApiPassthrough"].update(Subject={"Country": "US", "CommonName": "Other"}),
        "the subject is to come",
    ),
    "certificate authority is no root": (lambda t: properties(t, "CertificateAuthority").update(Type="SUBORDINATE"), "not a root"),
    "root is never activated": (lambda t: properties(t, "Activation").update(Status="DISABLED"), "not activated"),
}


class RootCertificate(unittest.TestCase):
    def test_follows_table_b1_on_every_curve(self) -> None:
        for curve in load("certificate-authority")["Parameters"]["Curve"]["AllowedValues"]:
            with self.subTest(curve):
                self.assertEqual(findings(stack("certificate-authority", Curve=curve)), [])

    def test_each_deviation_is_found(self) -> None:
        for what, (deviate, word) in BROKEN.items():
            with self.subTest(what):
                template = load("certificate-authority")
                deviate(template)
                found = findings(stack("certificate-authority", template))
                self.assertTrue(any(word in finding for finding in found), found)

    def test_is_clean_to_the_linter(self) -> None:
        """`mdl lint`, whose rules know nothing of these tests."""
        for extreme in ({}, {"Organization": "", "State": ""}, {"RootDays": 7299}, {"RootDays": 457}):
            with self.subTest(extreme):
                made = certificate(stack("certificate-authority", **extreme), datetime.now(timezone.utc))
                self.assertEqual(lint(made), (0, ""))

    def test_the_linter_does_not_take_everything(self) -> None:
        template = load("certificate-authority")
        custom_extension(template, KEY_USAGE).update(Critical=False)
        status, said = lint(certificate(stack("certificate-authority", template), datetime.now(timezone.utc)))
        self.assertEqual(status, 1, said)

    def test_output_tells_where_the_crl_is(self) -> None:
        made = stack("certificate-authority")
        self.assertEqual(made.outputs()["CrlUrl"], crl_url(made))


class Lengths(unittest.TestCase):
    """The parameters that hold the first bytes of an extension take every length that fits, and no other bytes."""

    def hosts(self) -> list[str]:
        return [f"{'a' * (length - len('.gov'))}.gov" for length in range(6, 68)]

    def uris(self) -> list[str]:
        return [f"https://{'a' * (length - len('https://.gov'))}.gov" for length in range(13, 100)]

    def test_every_host_makes_a_good_root(self) -> None:
        for host in self.hosts():
            with self.subTest(host):
                self.assertEqual(findings(stack("certificate-authority", CrlHost=parameter.crl_host(host))), [])

    def test_every_uri_makes_a_good_root(self) -> None:
        for uri in self.uris():
            with self.subTest(uri):
                self.assertEqual(findings(stack("certificate-authority", ContactUri=parameter.contact_uri(uri))), [])

    def test_first_bytes_of_another_length_are_refused(self) -> None:
        for name, texts, write in (
            ("CrlHost", self.hosts(), parameter.crl_host),
            ("ContactUri", self.uris(), parameter.contact_uri),
        ):
            for text, other in zip(texts, texts[1:] + texts[:1]):
                head = write(other).split("|")[0]
                with self.subTest(text), self.assertRaises(Refused):
                    stack("certificate-authority", **{name: f"{head}|{text}"})

    def test_other_text_is_refused(self) -> None:
        for name, value in (
            ("CrlHost", parameter.crl_host("CRL.example.gov")),
            ("CrlHost", parameter.crl_host("http.example.gov/")),
            ("CrlHost", parameter.crl_host("crl.example.gov:80")),
            ("CrlHost", parameter.crl_host("localhost")),
            ("CrlHost", parameter.crl_host("crl.example.gov") + "\n"),
            ("CrlHost", "crl.example.gov"),
            ("ContactUri", parameter.contact_uri("ftp://dmv.example.gov")),
            ("ContactUri", parameter.contact_uri("https://dmv.example.gov/a|b")),
            ("ContactUri", "https://dmv.example.gov"),
        ):
            with self.subTest(value), self.assertRaises(Refused):
                stack("certificate-authority", **{name: value})

    def test_patterns_are_of_the_kind_that_java_reads_alike(self) -> None:
        """CloudFormation's expressions are Java's, these tests' are Python's: groups, look-ahead, classes and counts are
        the same in both."""
        for name in ("CrlHost", "ContactUri"):
            pattern = load("certificate-authority")["Parameters"][name]["AllowedPattern"]
            rest = re.sub(r"\\[.|+]|\[[^]]*\]|[A-Za-z0-9/|.?$=:(){},*+]", "", pattern)
            self.assertEqual(rest, "")

    def test_command_prints_what_the_template_takes_and_refuses_the_rest(self) -> None:
        command = Path(parameter.__file__ or parameter.__loader__.path)
        said = subprocess.run([command, "crl-host", "crl.dmv.example.gov"], capture_output=True, text=True, check=True)
        self.assertEqual(said.stdout.strip(), PARAMETERS["certificate-authority"]["CrlHost"])
        for wrong in (["crl-host", "a" * 68], ["contact-uri", "mailto:dmv"], ["crl-host", "ü.gov"], ["other", "x"], []):
            with self.subTest(wrong):
                self.assertNotEqual(subprocess.run([command, *wrong], capture_output=True).returncode, 0)


def lint(made: x509.Certificate) -> tuple[int, str]:
    """The exit code of `mdl lint` and what it said when that is not 0."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(made.public_bytes(Encoding.PEM))
        file.flush()
        done = subprocess.run(
            [os.environ["MDL"], "lint", "--profile", "iaca-root", file.name], capture_output=True, text=True, check=False
        )
    return done.returncode, "" if done.returncode == 0 else done.stdout + done.stderr


if __name__ == "__main__":
    unittest.main()
