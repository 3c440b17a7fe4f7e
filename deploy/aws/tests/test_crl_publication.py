"""The way of the CRL from Private CA to readers, and each way in which it could be open or broken."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

from examples import CRL_HOST, stack
from policies import decide
from template import ACCOUNT, Refused, Stack, load

# Five minutes beside Private CA's half hour, of 48 hours that Table B.10 allows.
LONGEST_CACHE = 3600


def findings(made: Stack) -> list[str]:
    resources = made.resources()
    bucket = resources["CrlBucket"]["Properties"]
    policy = resources["CrlBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    distribution = resources["CrlDistribution"]["Properties"]["DistributionConfig"]
    behaviour = distribution["DefaultCacheBehavior"]
    cache = resources["CrlCachePolicy"]["Properties"]["CachePolicyConfig"]
    revocation = resources["CertificateAuthority"]["Properties"]["RevocationConfiguration"]
    crl = revocation["CrlConfiguration"]
    (origin,) = distribution["Origins"]
    source = {
        "aws:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/CrlDistribution-id",
        "aws:SecureTransport": "true",
    }

    def reads(principal: str, key: str, **context: str) -> bool:
        return decide([], policy, principal, "s3:GetObject", f"arn:aws:s3:::crlbucket/{key}", source | context)

    def writes(**context: str) -> bool:
        given = {"aws:SourceAccount": ACCOUNT, "aws:SecureTransport": "true"} | context
        return decide([], policy, "acm-pca.amazonaws.com", "s3:PutObject", "arn:aws:s3:::crlbucket/crl/1.crl", given)

    cloudfront = "cloudfront.amazonaws.com"
    other = {"aws:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/other"}
    found = {
        "public access": [
            name for name in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
            if bucket.get("PublicAccessBlockConfiguration", {}).get(name) is not True
        ],
        "not encrypted": "BucketEncryption" not in bucket,
        "no versions": bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled",
        "ownership": bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"] != "BucketOwnerPreferred",
        "the distribution cannot read": not reads(cloudfront, "crl/1.crl"),
        "another distribution can read": reads(cloudfront, "crl/1.crl", **other),
        "audit reports are served": reads(cloudfront, "audit-report/1.json"),
        "read in the clear": reads(cloudfront, "crl/1.crl", **{"aws:SecureTransport": "false"}),
        "anybody reads": reads("arn:aws:iam::999999999999:role/anybody", "crl/1.crl"),
        "Private CA cannot write": not writes(),
        "Private CA writes for others": writes(**{"aws:SourceAccount": "999999999999"}),
        "no origin access control": origin.get("OriginAccessControlId") != "CrlOriginAccess.Id",
        "unsigned to the origin": resources["CrlOriginAccess"]["Properties"]["OriginAccessControlConfig"]["SigningBehavior"]
        != "always",
        "http is refused": behaviour["ViewerProtocolPolicy"] != "allow-all",
        "more than fetching": not set(behaviour["AllowedMethods"]) <= {"GET", "HEAD"},
        "cached for too long": not 0 <= cache["DefaultTTL"] <= cache["MaxTTL"] <= LONGEST_CACHE,
        "off": distribution["Enabled"] is not True or crl["Enabled"] is not True,
        "another host": not distribution["Aliases"] == [crl["CustomCname"]] == [CRL_HOST],
        "partitioned": crl["CrlType"] != "COMPLETE",
        "an ACL for everybody": crl["S3ObjectAcl"] != "BUCKET_OWNER_FULL_CONTROL",
        "another bucket": crl["S3BucketName"] != "CrlBucket-id",
        "omitted from certificates": crl["CrlDistributionPointExtensionConfiguration"]["OmitExtension"],
        "OCSP": revocation["OcspConfiguration"]["Enabled"],
        "longer than 90 days": crl["ExpirationInDays"] > 89,
        "the CA does not wait for its bucket": resources["CertificateAuthority"].get("DependsOn") != "CrlBucketPolicy",
    }
    return [finding for finding, holds in found.items() if holds]


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Puts the last of `path` where the others lead to, below the resources."""

    def change(template: dict[str, Any]) -> None:
        *steps, last, value = path
        part = template["Resources"]
        for step in steps:
            part = part[step]
        part[last] = value

    return change


def drop(*path: Any) -> Callable[[dict[str, Any]], None]:
    def change(template: dict[str, Any]) -> None:
        *steps, last = path
        part = template["Resources"]
        for step in steps:
            part = part[step]
        del part[last]

    return change


BUCKET = ("CrlBucket", "Properties")
STATEMENTS = ("CrlBucketPolicy", "Properties", "PolicyDocument", "Statement")
DISTRIBUTION = ("CrlDistribution", "Properties", "DistributionConfig")
REVOCATION = ("CertificateAuthority", "Properties", "RevocationConfiguration")
CRL = (*REVOCATION, "CrlConfiguration")
CACHE = ("CrlCachePolicy", "Properties", "CachePolicyConfig")

BROKEN: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (put(*BUCKET, "PublicAccessBlockConfiguration", "BlockPublicPolicy", False), "public access"),
    (drop(*BUCKET, "PublicAccessBlockConfiguration"), "public access"),
    (drop(*BUCKET, "BucketEncryption"), "not encrypted"),
    (drop(*BUCKET, "VersioningConfiguration"), "no versions"),
    (put(*BUCKET, "OwnershipControls", "Rules", 0, "ObjectOwnership", "BucketOwnerEnforced"), "ownership"),
    (put(*STATEMENTS, 1, "Resource", "arn:aws:s3:::crlbucket/own/*"), "the distribution cannot read"),
    (drop(*STATEMENTS, 1, "Condition"), "another distribution can read"),
    (put(*STATEMENTS, 1, "Resource", "arn:aws:s3:::crlbucket/*"), "audit reports are served"),
    (drop(*STATEMENTS, 2), "read in the clear"),
    (put(*STATEMENTS, 1, "Principal", "*"), "anybody reads"),
    (put(*STATEMENTS, 0, "Action", ["s3:GetBucketAcl"]), "Private CA cannot write"),
    (drop(*STATEMENTS, 0, "Condition"), "Private CA writes for others"),
    (drop(*DISTRIBUTION, "Origins", 0, "OriginAccessControlId"), "no origin access control"),
    (
        put("CrlOriginAccess", "Properties", "OriginAccessControlConfig", "SigningBehavior", "never"),
        "unsigned to the origin",
    ),
    (put(*DISTRIBUTION, "DefaultCacheBehavior", "ViewerProtocolPolicy", "redirect-to-https"), "http is refused"),
    (put(*DISTRIBUTION, "DefaultCacheBehavior", "AllowedMethods", ["GET", "HEAD", "PUT"]), "more than fetching"),
    (put(*CACHE, "MaxTTL", 86400), "cached for too long"),
    (put(*DISTRIBUTION, "Enabled", False), "off"),
    (put(*DISTRIBUTION, "Aliases", ["other.example.gov"]), "another host"),
    (put(*CRL, "CrlType", "PARTITIONED"), "partitioned"),
    (put(*CRL, "S3ObjectAcl", "PUBLIC_READ"), "an ACL for everybody"),
    (put(*CRL, "S3BucketName", "other"), "another bucket"),
    (put(*CRL, "CrlDistributionPointExtensionConfiguration", "OmitExtension", True), "omitted from certificates"),
    (put(*REVOCATION, "OcspConfiguration", "Enabled", True), "OCSP"),
    (put(*CRL, "ExpirationInDays", 90), "longer than 90 days"),
    (drop("CertificateAuthority", "DependsOn"), "the CA does not wait for its bucket"),
]


class Publication(unittest.TestCase):
    def test_readers_get_the_crl_and_nobody_anything_else(self) -> None:
        self.assertEqual(findings(stack("certificate-authority")), [])

    def test_each_change_for_the_worse_is_found(self) -> None:
        for change, expected in BROKEN:
            with self.subTest(expected):
                template = load("certificate-authority")
                change(template)
                self.assertIn(expected, findings(stack("certificate-authority", template)))

    def test_a_certificate_of_another_region_is_refused(self) -> None:
        arn = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/11223344-1234-1122-2233-112233445566"
        with self.assertRaises(Refused):
            stack("certificate-authority", CrlHostCertificateArn=arn)


if __name__ == "__main__":
    unittest.main()
