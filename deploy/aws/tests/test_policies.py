"""Each role can do its job and nothing else; a policy that is widened is found."""

from __future__ import annotations

import re
import unittest
from collections.abc import Callable
from typing import Any

from examples import role, stack
from policies import decide, findings, policies
from template import CA_ARN, FOLDER, Refused, Stack, load, names

ROOT = "arn:aws:acm-pca:::template/BlankRootCACertificate_PathLen0_APIPassthrough/V1"
END_ENTITY = "arn:aws:acm-pca:::template/BlankEndEntityCertificate_APIPassthrough/V1"
OTHER_TEMPLATES = (
    "arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1",
    "arn:aws:acm-pca:::template/EndEntityCertificate/V1",
    "arn:aws:acm-pca:::template/BlankEndEntityCertificate_APICSRPassthrough/V1",
    "arn:aws:acm-pca:::template/BlankRootCACertificate_APIPassthrough/V1",
)
BUCKET = "arn:aws:s3:::crlbucket"

# Everything that a role is allowed, whatever the conditions. What is not in here is found to be too much.
JOBS = {
    "Operator": {
        "acm-pca:CreateCertificateAuthorityAuditReport",
        "acm-pca:DescribeCertificateAuthority",
        "acm-pca:DescribeCertificateAuthorityAuditReport",
        "acm-pca:GetCertificate",
        "acm-pca:GetCertificateAuthorityCertificate",
        "acm-pca:GetCertificateAuthorityCsr",
        "acm-pca:ImportCertificateAuthorityCertificate",
        "acm-pca:IssueCertificate",
        "acm-pca:ListTags",
        "acm-pca:TagCertificateAuthority",
        "acm-pca:UpdateCertificateAuthority",
        "s3:GetBucketAcl",
        "s3:PutObject",
    },
    "Destroyer": {"acm-pca:DeleteCertificateAuthority", "acm-pca:DescribeCertificateAuthority"},
    "Certifier": {
        "acm-pca:DescribeCertificateAuthority",
        "acm-pca:GetCertificate",
        "acm-pca:GetCertificateAuthorityCertificate",
        "acm-pca:IssueCertificate",
    },
    "Revoker": {"acm-pca:DescribeCertificateAuthority", "acm-pca:GetCertificate", "acm-pca:RevokeCertificate"},
    "CrlPublisher": {"cloudfront:CreateInvalidation", "s3:GetObject", "s3:ListBucket", "s3:PutObject"},
    "Auditor": {
        "acm-pca:CreateCertificateAuthorityAuditReport",
        "acm-pca:DescribeCertificateAuthority",
        "acm-pca:DescribeCertificateAuthorityAuditReport",
        "acm-pca:GetCertificate",
        "acm-pca:GetCertificateAuthorityCertificate",
        "acm-pca:GetPolicy",
        "acm-pca:ListCertificateAuthorities",
        "acm-pca:ListPermissions",
        "acm-pca:ListTags",
        "cloudtrail:LookupEvents",
        "s3:GetBucketAcl",
        "s3:GetObject",
        "s3:PutObject",
    },
}


def statements(made: Stack, resource: str) -> list[dict[str, Any]]:
    """The identity policies of a role, or the policy of a key or bucket."""
    return [
        statement
        for policy in policies(made)
        if policy.resource == resource and policy.kind != "trust"
        for statement in policy.statements
    ]


def statement(template: dict[str, Any], resource: str, sid: str) -> dict[str, Any]:
    """The unresolved statement, for a test to break."""
    properties = template["Resources"][resource]["Properties"]
    documents = [properties.get("KeyPolicy"), properties.get("PolicyDocument")]
    documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    for document in filter(None, documents):
        for candidate in document["Statement"]:
            if candidate.get("Sid") == sid:
                return candidate
    raise KeyError(sid)


class CertificateAuthorityRoles(unittest.TestCase):
    def setUp(self) -> None:
        self.made = stack("certificate-authority-roles")

    def may(self, who: str, action: str, resource: str = CA_ARN, **context: str) -> bool:
        context = {key.replace("__", ":"): value for key, value in context.items()}
        if "template" in context:
            context["acm-pca:TemplateArn"] = context.pop("template")
        return decide(statements(self.made, who), [], role(who), action, resource, context)

    def test_each_role_has_the_rights_of_its_job_and_no_other(self) -> None:
        for who, job in JOBS.items():
            with self.subTest(who):
                allowed = set()
                for rule in statements(self.made, who):
                    if rule["Effect"] == "Allow":
                        allowed |= set(rule["Action"] if isinstance(rule["Action"], list) else [rule["Action"]])
                self.assertEqual(allowed, job)

    def test_a_template_goes_with_one_role(self) -> None:
        for who in JOBS:
            for template in (ROOT, END_ENTITY, *OTHER_TEMPLATES):
                with self.subTest(who=who, template=template):
                    expected = (who, template) in (("Operator", ROOT), ("Certifier", END_ENTITY))
                    self.assertEqual(self.may(who, "acm-pca:IssueCertificate", template=template), expected)
            with self.subTest(who=who, template="none"):
                self.assertFalse(self.may(who, "acm-pca:IssueCertificate"))

    def test_templates_are_those_that_mdl_asks_for(self) -> None:
        requests = FOLDER.parents[1] / "crates/mdl-signer-aws/src/private_ca/request.rs"
        self.assertEqual(set(re.findall(r'"(arn:aws:acm-pca:::template/[^"]+)"', requests.read_text())), {ROOT, END_ENTITY})

    def test_two_persons_destroy_a_ca(self) -> None:
        self.assertTrue(self.may("Operator", "acm-pca:UpdateCertificateAuthority"))
        self.assertFalse(self.may("Operator", "acm-pca:DeleteCertificateAuthority"))
        self.assertTrue(self.may("Destroyer", "acm-pca:DeleteCertificateAuthority"))
        self.assertFalse(self.may("Destroyer", "acm-pca:UpdateCertificateAuthority"))

    def test_a_policy_that_somebody_attaches_does_not_join_what_is_apart(self) -> None:
        everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        for who, actions in (
            ("Operator", ("acm-pca:DeleteCertificateAuthority", "kms:ScheduleKeyDeletion")),
            ("Destroyer", ("acm-pca:UpdateCertificateAuthority",)),
            ("Auditor", ("acm-pca:IssueCertificate", "acm-pca:RevokeCertificate", "kms:Sign")),
        ):
            for action in actions:
                with self.subTest(who=who, action=action):
                    self.assertFalse(decide(statements(self.made, who) + everything, [], role(who), action, CA_ARN))

    def test_nobody_reaches_another_ca(self) -> None:
        other = CA_ARN.replace("11223344", "99999999")
        for who, job in JOBS.items():
            for action in job - {"acm-pca:ListCertificateAuthorities", "cloudtrail:LookupEvents"}:
                if action.startswith("acm-pca:"):
                    with self.subTest(who=who, action=action):
                        self.assertFalse(self.may(who, action, other, template=ROOT))

    def test_nobody_writes_the_crl_of_private_ca(self) -> None:
        for who in JOBS:
            with self.subTest(who):
                self.assertFalse(self.may(who, "s3:PutObject", f"{BUCKET}/crl/11223344.crl"))
        self.assertTrue(self.may("CrlPublisher", "s3:PutObject", f"{BUCKET}/crl/own/iaca-2026.crl"))
        self.assertTrue(self.may("CrlPublisher", "s3:GetObject", f"{BUCKET}/crl/11223344.crl"))
        self.assertFalse(self.may("CrlPublisher", "s3:GetObject", f"{BUCKET}/audit-report/1/2.json"))
        self.assertTrue(self.may("CrlPublisher", "s3:ListBucket", BUCKET, s3__prefix="crl/"))
        self.assertFalse(self.may("CrlPublisher", "s3:ListBucket", BUCKET, s3__prefix="audit-report/"))

    def test_one_principal_is_not_both_operator_and_destroyer(self) -> None:
        same = role("operator", "222233334444")
        with self.assertRaises(Refused):
            stack("certificate-authority-roles", DestroyerPrincipalArn=same, OperatorPrincipalArn=same)

    def test_an_auditor_neither_operates_nor_certifies(self) -> None:
        for other in ("Operator", "Certifier"):
            same = role("auditor", "222233334444")
            with self.subTest(other), self.assertRaises(Refused):
                stack("certificate-authority-roles", **{f"{other}PrincipalArn": same})


class DocumentSigner(unittest.TestCase):
    ISSUER, ROTATION = role("issuer"), role("rotation")
    RIGHT = {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256", "aws:SourceVpce": "vpce-0a1b2c3d"}
    # An administrator of the account, with every right that an identity policy can give.
    ADMINISTRATOR = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]

    def may(self, template: str, who: str, action: str, made: Stack | None = None, **context: Any) -> bool:
        key = statements(made or stack(template), "Key")
        identity = self.ADMINISTRATOR if who == role("administrator") else []
        return decide(identity, key, who, action, "key", self.RIGHT | context)

    def each(self) -> list[str]:
        return ["document-signer", "document-signer-replica"]

    def test_issuer_and_rotation_sign_digests(self) -> None:
        for template in self.each():
            for who in (self.ISSUER, self.ROTATION):
                with self.subTest(template=template, who=who):
                    self.assertTrue(self.may(template, who, "kms:Sign"))
                    self.assertTrue(self.may(template, who, "kms:GetPublicKey"))
                    self.assertFalse(self.may(template, who, "kms:Sign", **{"kms:MessageType": "RAW"}))
                    self.assertFalse(self.may(template, who, "kms:Sign", **{"kms:SigningAlgorithm": "ECDSA_SHA_384"}))
                    for other in ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateGrant", "kms:DisableKey"):
                        self.assertFalse(self.may(template, who, other), other)

    def test_algorithm_goes_with_the_curve(self) -> None:
        for curve, algorithm in (("P-256", "ECDSA_SHA_256"), ("P-384", "ECDSA_SHA_384"), ("P-521", "ECDSA_SHA_512")):
            for template in self.each():
                made = stack(template, Curve=curve)
                for asked in ("ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512"):
                    with self.subTest(template=template, curve=curve, asked=asked):
                        allowed = self.may(template, self.ISSUER, "kms:Sign", made, **{"kms:SigningAlgorithm": asked})
                        self.assertEqual(allowed, asked == algorithm)

    def test_an_administrator_neither_signs_nor_lets_others(self) -> None:
        for template in self.each():
            with self.subTest(template):
                for action in ("kms:Sign", "kms:CreateGrant"):
                    self.assertFalse(self.may(template, role("administrator"), action), action)
                self.assertTrue(self.may(template, role("administrator"), "kms:DisableKey"))

    def test_a_statement_that_lets_another_role_sign_has_no_effect(self) -> None:
        for template in self.each():
            changed = load(template)
            changed["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"].append(
                {"Effect": "Allow", "Principal": {"AWS": role("other")}, "Action": "kms:*", "Resource": "*"}
            )
            made = stack(template, changed)
            self.assertTrue(self.may(template, role("other"), "kms:Verify", made))
            for action in ("kms:Sign", "kms:CreateGrant"):
                self.assertFalse(self.may(template, role("other"), action, made), action)

    def test_issuer_signs_through_its_endpoint_only(self) -> None:
        for template in self.each():
            elsewhere = {"aws:SourceVpce": "vpce-ffffffff"}
            self.assertFalse(self.may(template, self.ISSUER, "kms:Sign", **elsewhere))
            self.assertTrue(self.may(template, self.ROTATION, "kms:Sign", **elsewhere))
            without = stack(template, VpcEndpointId="")
            self.assertTrue(self.may(template, self.ISSUER, "kms:Sign", without, **elsewhere))

    def test_a_replica_has_the_policy_of_its_primary(self) -> None:
        primary, replica = (statements(stack(template), "Key") for template in self.each())
        primary[0]["Action"].remove("kms:ReplicateKey")
        self.assertEqual(primary, replica)

    def test_auditor_looks_and_does_not_sign(self) -> None:
        auditor = statements(stack("issuing-roles"), "Auditor")
        key = statements(stack("document-signer"), "Key")
        arn = "arn:aws:kms:eu-west-1:111122223333:key/11223344"
        tagged = {"aws:ResourceTag/mdl:purpose": "document-signer"}
        self.assertTrue(decide(auditor, key, role("auditor"), "kms:GetKeyPolicy", arn, tagged))
        self.assertFalse(decide(auditor, key, role("auditor"), "kms:GetKeyPolicy", arn, {}))
        for action in ("cloudtrail:LookupEvents", "kms:ListAliases", "kms:ListKeys"):
            self.assertTrue(decide(auditor, [], role("auditor"), action, "*"))
        for action in ("kms:Sign", "kms:CreateGrant"):
            self.assertFalse(decide(auditor + self.ADMINISTRATOR, [], role("auditor"), action, arn, tagged | self.RIGHT))


def widen(resource: str, sid: str, **changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda template: statement(template, resource, sid).update(changes)


def unconditional(resource: str, sid: str) -> Callable[[dict[str, Any]], Any]:
    return lambda template: statement(template, resource, sid).pop("Condition")


def trusting(resource: str, principal: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda template: template["Resources"][resource]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].update(
        Principal=principal
    )


# The template, what is done to it, and a word of what must be found.
WIDENED: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("certificate-authority-roles", unconditional("Operator", "RenewTheRoot"), "any template"),
    ("certificate-authority-roles", unconditional("Certifier", "IssueEndEntities"), "any template"),
    (
        "certificate-authority-roles",
        widen("Certifier", "IssueEndEntities", Condition={"StringEquals": {"acm-pca:TemplateArn": "arn:aws:*"}}),
        "any template",
    ),
    (
        "certificate-authority-roles",
        widen("Certifier", "IssueEndEntities", Condition={"StringNotEquals": {"acm-pca:TemplateArn": ROOT}}),
        "any template",
    ),
    ("certificate-authority-roles", widen("Revoker", "Revoke", Resource="*"), "any resource"),
    ("certificate-authority-roles", widen("Revoker", "Revoke", Action="acm-pca:*"), "action acm-pca:*"),
    ("certificate-authority-roles", widen("Revoker", "Revoke", Action="*"), "action *"),
    ("certificate-authority-roles", widen("Auditor", "LookForOthers", Action=["kms:DescribeKey"]), "any resource"),
    (
        "certificate-authority-roles",
        widen("CrlPublisher", "ReadCrls", Resource="arn:aws:s3:::*/crl/*"),
        "resource arn:aws:s3:::*",
    ),
    ("certificate-authority-roles", widen("CrlPublisher", "ReadCrls", Resource="arn:aws:s3:::*"), "resource arn:aws:s3:::*"),
    ("certificate-authority-roles", widen("CrlPublisher", "ReadCrls", NotResource="x"), "NotResource"),
    ("certificate-authority-roles", trusting("Operator", {"AWS": "*"}), "anybody"),
    ("certificate-authority-roles", trusting("Operator", "*"), "anybody"),
    ("issuing-roles", unconditional("Auditor", "LookAtKeys"), "resource arn:aws:kms:*"),
    ("issuing-roles", trusting("Issuer", "*"), "anybody"),
    ("document-signer", unconditional("Key", "SignDigests"), "any form"),
    ("document-signer", widen("Key", "SignDigests", Principal={"AWS": "*"}), "anybody"),
    ("document-signer", widen("Key", "SignDigests", Action=["kms:Sign", "kms:GetPublicKey"]), "refuse the other actions"),
    ("document-signer", widen("Key", "Administer", Action="kms:*"), "administrators may"),
    ("document-signer", widen("Key", "Administer", Action=["kms:Sign", "kms:PutKeyPolicy"]), "administrators may"),
    ("document-signer", widen("Key", "Administer", Action=["kms:CreateGrant"]), "administrators may"),
    ("document-signer-replica", widen("Key", "Administer", Action=["kms:Sign"]), "administrators may"),
    ("certificate-authority", unconditional("CrlBucketPolicy", "DistributionReads"), "on behalf of anybody"),
    ("certificate-authority", unconditional("CrlBucketPolicy", "PrivateCaWrites"), "on behalf of anybody"),
    ("certificate-authority", widen("CrlBucketPolicy", "DistributionReads", Principal="*"), "anybody"),
    ("certificate-expiry", unconditional("Planner", "AsTheReminder"), "a role for any service"),
    ("log-archive", unconditional("BucketPolicy", "TrailsWrite"), "on behalf of anybody"),
    ("log-archive", widen("Key", "Administer", Action=["kms:Decrypt"]), "administrators may"),
    ("log-archive", unconditional("Key", "TrailsEncrypt"), "on behalf of anybody"),
    ("watch", unconditional("TopicPolicy", "Alarms"), "on behalf of anybody"),
    ("watch", unconditional("Key", "LogGroupEncrypts"), "on behalf of anybody"),
]


class Breadth(unittest.TestCase):
    def test_no_policy_is_broader_than_its_job(self) -> None:
        for name in names():
            with self.subTest(name):
                self.assertEqual(findings(stack(name)), [])
        self.assertEqual(findings(stack("issuing-roles", IssuerService="ec2.amazonaws.com")), [])

    def test_each_widening_is_found(self) -> None:
        for index, (name, change, word) in enumerate(WIDENED):
            with self.subTest(index=index, name=name, word=word):
                template = load(name)
                change(template)
                found = findings(stack(name, template))
                self.assertTrue(any(word in finding for finding in found), found)

    def test_a_right_to_sign_stands_in_key_policies_only(self) -> None:
        template = load("certificate-authority-roles")
        statement(template, "Revoker", "Revoke").update(Action="kms:Sign", Resource="arn:aws:kms:us-west-2:111122223333:key/1")
        found = findings(stack("certificate-authority-roles", template))
        self.assertTrue(any("beside the key's policy" in finding for finding in found), found)


if __name__ == "__main__":
    unittest.main()
