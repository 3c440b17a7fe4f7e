"""What the alarms see, by records as CloudTrail writes them, and that nothing is counted without an alarm."""

from __future__ import annotations

import copy
import json
import unittest
from typing import Any

from examples import role, stack
from filter_pattern import Malformed, matches
from template import ACCOUNT, CA_ARN, Stack, load, names

KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/Key-id"
END_ENTITY = "arn:aws:acm-pca:::template/BlankEndEntityCertificate_APIPassthrough/V1"


def record(source: str, event: str, by: str | None, **more: Any) -> dict[str, Any]:
    """A call by a session of the role `by`, or by a user when there is none."""
    identity: dict[str, Any] = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/somebody"}
    if by:
        identity = {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{by}/session",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role(by)}},
        }
    return {"eventSource": source, "eventName": event, "userIdentity": identity, "eventType": "AwsApiCall"} | more


def sign(by: str | None, **changes: Any) -> dict[str, Any]:
    parameters = {"keyId": KEY, "messageType": "DIGEST", "signingAlgorithm": "ECDSA_SHA_256"}
    return (
        record("kms.amazonaws.com", "Sign", by, requestParameters=parameters, readOnly=True)
        | {"resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": KEY}]}
        | changes
    )


def parameters(**changes: Any) -> dict[str, Any]:
    given = {"keyId": KEY, "messageType": "DIGEST", "signingAlgorithm": "ECDSA_SHA_256"} | changes
    return {name: value for name, value in given.items() if value is not None}


def on_key(event: str, arn: str = KEY) -> dict[str, Any]:
    return record("kms.amazonaws.com", event, "administrator", resources=[{"ARN": arn}])


def certificate(by: str | None, template: str | None = END_ENTITY, **more: Any) -> dict[str, Any]:
    request = {"certificateAuthorityArn": CA_ARN} | ({"templateArn": template} if template else {})
    return record("acm-pca.amazonaws.com", "IssueCertificate", by, requestParameters=request, **more)


def crl(event: str, key: str = "crl/1.crl", bucket: str = "crlbucket", **identity: Any) -> dict[str, Any]:
    return record("s3.amazonaws.com", event, "publisher", requestParameters={"bucketName": bucket, "key": key}) | (
        {"userIdentity": identity} if identity else {}
    )


PRIVATE_CA = {"type": "AWSService", "invokedBy": "acm-pca.amazonaws.com"}
OTHER_REGION = KEY.replace("us-west-2", "us-east-2")
DENIED = {"errorCode": "AccessDeniedException"}

# Of each filter: records that it must count, and records that it must not.
SEEN: dict[tuple[str, str], tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    ("document-signer", "SignaturesFilter"): (
        [sign("issuer"), sign("other"), sign(None), sign("issuer", resources=[{"ARN": OTHER_REGION}])],
        [sign("issuer", resources=[{"ARN": KEY + "2"}]), sign("issuer", **DENIED), on_key("GetPublicKey")],
    ),
    ("document-signer", "RogueFilter"): (
        [
            sign("other"),
            sign(None),
            sign("issuer", requestParameters=parameters(messageType="RAW")),
            sign("issuer", requestParameters=parameters(messageType=None)),
            sign("rotation", requestParameters=parameters(signingAlgorithm="ECDSA_SHA_512")),
        ],
        [
            sign("issuer"),
            sign("rotation"),
            sign("other", **DENIED),
            sign("other", resources=[{"ARN": KEY + "2"}]),
            on_key("GetPublicKey"),
        ],
    ),
    ("document-signer", "AlteredFilter"): (
        [
            on_key(event)
            for event in (
                "PutKeyPolicy",
                "CreateGrant",
                "DisableKey",
                "EnableKey",
                "ScheduleKeyDeletion",
                "CancelKeyDeletion",
                "ReplicateKey",
                "UpdatePrimaryRegion",
            )
        ],
        [sign("issuer"), on_key("DescribeKey"), on_key("DisableKey", KEY + "2")],
    ),
    ("certificate-authority-alarms", "UnexpectedCertificatesFilter"): (
        [
            certificate("other"),
            certificate(None),
            certificate("certifier", "arn:aws:acm-pca:::template/RootCACertificate/V1"),
            certificate("certifier", None),
        ],
        [
            certificate("certifier"),
            certificate("other", **DENIED),
            record("acm-pca.amazonaws.com", "GetCertificate", "other"),
        ],
    ),
    ("certificate-authority-alarms", "UnexpectedRevocationsFilter"): (
        [record("acm-pca.amazonaws.com", "RevokeCertificate", by) for by in ("other", None)],
        [
            record("acm-pca.amazonaws.com", "RevokeCertificate", "revoker"),
            record("acm-pca.amazonaws.com", "RevokeCertificate", "other", **DENIED),
            certificate("other"),
        ],
    ),
    ("certificate-authority-alarms", "CertificateAuthorityAlteredFilter"): (
        [
            record("acm-pca.amazonaws.com", event, "operator")
            for event in (
                "UpdateCertificateAuthority",
                "DeleteCertificateAuthority",
                "RestoreCertificateAuthority",
                "ImportCertificateAuthorityCertificate",
                "CreatePermission",
                "PutPolicy",
            )
        ],
        [certificate("certifier"), record("s3.amazonaws.com", "PutPolicy", "operator")],
    ),
    ("certificate-authority-alarms", "CrlTamperedFilter"): (
        [crl("PutObject"), crl("DeleteObject"), crl("PutObject", type="AWSService", invokedBy="other.amazonaws.com")],
        [
            crl("PutObject", **PRIVATE_CA),
            crl("PutObject", "crl/own/2026.crl"),
            crl("PutObject", "audit-report/1.json"),
            crl("PutObject", bucket="other"),
            crl("PutObject") | DENIED,
        ],
    ),
    ("watch", "TrailAlteredFilter"): (
        [
            record("cloudtrail.amazonaws.com", event, "operator")
            for event in ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors")
        ],
        [record("cloudtrail.amazonaws.com", "LookupEvents", "auditor")],
    ),
    ("watch", "DeniedFilter"): (
        [
            sign("other", **DENIED),
            sign("other", errorCode="AccessDenied"),
            certificate("other", **DENIED),
            certificate("other", errorCode="Client.UnauthorizedOperation"),
        ],
        [sign("issuer"), record("s3.amazonaws.com", "GetObject", "other", **DENIED), sign("issuer", errorCode="Disabled")],
    ),
    ("watch", "ThrottledFilter"): (
        [sign("issuer", errorCode="ThrottlingException"), certificate("certifier", errorCode="LimitExceededException")],
        [sign("issuer"), record("s3.amazonaws.com", "GetObject", "other", errorCode="ThrottlingException")],
    ),
    ("watch", "RootUserFilter"): (
        [record("iam.amazonaws.com", "CreateUser", None) | {"userIdentity": {"type": "Root"}}],
        [
            sign("issuer"),
            record("s3.amazonaws.com", "PutObject", None) | {"userIdentity": {"type": "Root", "invokedBy": "aws"}},
            record("kms.amazonaws.com", "RotateKey", None)
            | {"userIdentity": {"type": "Root"}, "eventType": "AwsServiceEvent"},
        ],
    ),
}


def filters(made: Stack) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in made.resources().items()
        if resource["Type"] == "AWS::Logs::MetricFilter"
    }


def alarms(made: Stack) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in made.resources().items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


class Filters(unittest.TestCase):
    def test_every_filter_has_records(self) -> None:
        present = {(name, resource) for name in names() for resource in filters(stack(name))}
        self.assertEqual(present, set(SEEN))

    def test_each_counts_what_it_must_and_nothing_else(self) -> None:
        for (name, resource), (counted, others) in SEEN.items():
            pattern = filters(stack(name))[resource]["FilterPattern"]
            for expected, records in ((True, counted), (False, others)):
                for index, event in enumerate(records):
                    with self.subTest(resource, expected=expected, index=index):
                        self.assertEqual(matches(pattern, event), expected, event)

    def test_names_as_long_as_they_may_be_fit_into_the_pattern(self) -> None:
        long = {f"{job}RoleArn": role(job[0] * 64) for job in ("Issuer", "Rotation")}
        matches(filters(stack("document-signer", **long))["RogueFilter"]["FilterPattern"], {})
        long = {"CertifierRoleArn": role("c" * 64), "RevokerRoleArn": role("r" * 64)}
        for properties in filters(stack("certificate-authority-alarms", **long)).values():
            matches(properties["FilterPattern"], {})

    def test_a_pattern_with_a_slip_is_refused(self) -> None:
        for slip in ('{ $.a = "b"', '{ ($.a = "b") & ($.c = "d") }', "{ $.a == 1 }", '{ $.a = "b" } x', "{ $.a }"):
            with self.subTest(slip), self.assertRaises(Malformed):
                matches(slip, {})


class Alarms(unittest.TestCase):
    def test_what_is_counted_has_an_alarm(self) -> None:
        for name in names():
            made = stack(name)
            watched = {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms(made).values()}
            for resource, properties in filters(made).items():
                (metric,) = properties["MetricTransformations"]
                with self.subTest(resource):
                    self.assertIn((metric["MetricNamespace"], metric["MetricName"]), watched)

    def test_every_alarm_tells_somebody(self) -> None:
        for name in names():
            for resource, alarm in alarms(stack(name)).items():
                with self.subTest(resource):
                    self.assertTrue(alarm["AlarmActions"][0].endswith(":Topic"))
                    self.assertTrue(alarm.get("ActionsEnabled", True))
                    # CloudWatch looks back a week at most.
                    self.assertLessEqual(alarm["Period"] * alarm["EvaluationPeriods"], 7 * 86400)

    def test_silence_is_an_alarm_where_something_must_come(self) -> None:
        silent = {
            resource
            for name in names()
            for resource, alarm in alarms(stack(name)).items()
            if alarm["TreatMissingData"] == "breaching"
        }
        self.assertEqual(silent, {"CrlOverdue", "TrailSilent"})

    def test_a_crl_is_missed_a_day_before_the_last_one_ends(self) -> None:
        """Private CA makes the next CRL when half of the last one's time is over. An alarm looks at whole days, which may
        have begun anywhere in the last CRL's first."""
        rules = load("certificate-authority")["Parameters"]["CrlDays"]
        self.assertEqual(rules, load("certificate-authority-alarms")["Parameters"]["CrlDays"] | {
            "Description": rules["Description"]
        })
        for days in range(rules["MinValue"], rules["MaxValue"] + 1):
            alarm = alarms(stack("certificate-authority-alarms", CrlDays=days))["CrlOverdue"]
            with self.subTest(days):
                self.assertGreater(alarm["EvaluationPeriods"], days / 2)
                self.assertLessEqual(alarm["EvaluationPeriods"] + 1, days - 1)

    def test_dashboards_are_json_and_show_what_exists(self) -> None:
        for name in names():
            made = stack(name)
            known = set(alarms(made))
            for resource in made.resources().values():
                if resource["Type"] == "AWS::CloudWatch::Dashboard":
                    widgets = json.loads(resource["Properties"]["DashboardBody"])["widgets"]
                    self.assertTrue(widgets)
                    for widget in widgets:
                        shown = {arn.rsplit(":", 1)[1] for arn in widget["properties"].get("alarms", [])}
                        self.assertLessEqual(shown, known)


class Trail(unittest.TestCase):
    def findings(self, template: dict[str, Any]) -> list[str]:
        trail = stack("watch", template).resources()["Trail"]["Properties"]
        management = trail["EventSelectors"][0]
        objects = trail["EventSelectors"][1]
        found = {
            "off": not trail["IsLogging"],
            "one Region": not trail["IsMultiRegionTrail"],
            "files can be changed": not trail["EnableLogFileValidation"],
            "no signatures": management["ReadWriteType"] != "All" or not management["IncludeManagementEvents"],
            "no KMS": bool(management.get("ExcludeManagementEventSources")),
            "every fetch of a CRL": objects["ReadWriteType"] != "WriteOnly",
        }
        return [finding for finding, holds in found.items() if holds]

    def test_records_every_signature(self) -> None:
        self.assertEqual(self.findings(load("watch")), [])

    def test_each_gap_is_found(self) -> None:
        for path, value, expected in (
            (("IsLogging",), False, "off"),
            (("IsMultiRegionTrail",), False, "one Region"),
            (("EnableLogFileValidation",), False, "files can be changed"),
            (("EventSelectors", 0, "ReadWriteType"), "WriteOnly", "no signatures"),
            (("EventSelectors", 0, "ExcludeManagementEventSources"), ["kms.amazonaws.com"], "no KMS"),
        ):
            with self.subTest(expected):
                template = copy.deepcopy(load("watch"))
                part = template["Resources"]["Trail"]["Properties"]
                for step in path[:-1]:
                    part = part[step]
                part[path[-1]] = value
                self.assertEqual(self.findings(template), [expected])


if __name__ == "__main__":
    unittest.main()
