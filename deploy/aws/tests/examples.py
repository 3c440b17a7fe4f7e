"""Parameters with which each template would be deployed."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from typing import Any

from template import ACCOUNT, CA_ARN, FOLDER, Stack, load

sys.dont_write_bytecode = True

# The command as it is run, so that what it prints is what is tested.
_loader = importlib.machinery.SourceFileLoader("parameter", str(FOLDER / "parameter"))
_spec = importlib.util.spec_from_loader("parameter", _loader)
parameter = importlib.util.module_from_spec(_spec)
_loader.exec_module(parameter)

CRL_HOST = "crl.dmv.example.gov"
CONTACT_URI = "https://dmv.example.gov/mobile-licence"
CA_ROLES = {name: f"{name}PrincipalArn" for name in ("Operator", "Destroyer", "Certifier", "Revoker", "Publisher", "Auditor")}
KEY_ARN = "arn:aws:kms:us-west-2:444455556666:key/11223344-1234-1122-2233-112233445566"


def role(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


PARAMETERS: dict[str, dict[str, Any]] = {
    "log-archive": {
        "CertificateAuthorityAccount": ACCOUNT,
        "IssuingAccount": "777788889999",
        "ReaderPrincipalArn": role("auditors"),
    },
    "watch": {
        "ArchiveBucket": "archive",
        "ArchiveKeyArn": KEY_ARN,
        "CrlBucketArn": "arn:aws:s3:::crlbucket",
        "AlarmEmail": "on-call@dmv.example.gov",
    },
    "certificate-authority": {
        "Country": "US",
        "CommonName": "Example IACA 2026",
        "Organization": "Example DMV",
        "State": "US-CA",
        "ContactUri": parameter.contact_uri(CONTACT_URI),
        "CrlHost": parameter.crl_host(CRL_HOST),
        "CrlHostCertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/11223344-1234-1122-2233-112233445566",
    },
    "certificate-authority-roles": {
        "CertificateAuthorityArn": CA_ARN,
        "CrlBucketName": "crlbucket",
        "DistributionId": "E1234567890ABC",
        **{parameter_name: role(name.lower(), "222233334444") for name, parameter_name in CA_ROLES.items()},
    },
    "certificate-authority-alarms": {
        "CertificateAuthorityArn": CA_ARN,
        "CrlBucketName": "crlbucket",
        "CertifierRoleArn": role("certifier"),
        "RevokerRoleArn": role("revoker"),
        "TopicArn": f"arn:aws:sns:us-west-2:{ACCOUNT}:Topic",
    },
    "certificate-expiry": {"TopicArn": f"arn:aws:sns:us-west-2:{ACCOUNT}:Topic"},
    "certificate-monitor": {
        "CertificateAuthorityArn": CA_ARN,
        "CrlBucketName": "crlbucket",
        "RepositoryName": "mdl-issuer",
        "ImageDigest": f"sha256:{'0' * 64}",
        "SubnetIds": "subnet-0a1b2c3d,subnet-4e5f6a7b",
        "SecurityGroupId": "sg-0a1b2c3d",
        "AlarmEmail": "on-call@dmv.example.gov",
        "TopicArn": f"arn:aws:sns:us-west-2:{ACCOUNT}:Topic",
    },
    "issuing-roles": {
        "RotationPrincipalArn": role("rotation", "222233334444"),
        "AuditorPrincipalArn": role("auditor", "222233334444"),
        "CertifierRoleArn": role("certifier", "777788889999"),
    },
    "document-signer": {
        "Name": "ds-2026-1",
        "IssuerRoleArn": role("issuer"),
        "RotationRoleArn": role("rotation"),
        "VpcEndpointId": "vpce-0a1b2c3d",
        "SignaturesPerHour": 100_000,
        "TopicArn": f"arn:aws:sns:us-west-2:{ACCOUNT}:Topic",
    },
    "document-signer-replica": {
        "Name": "ds-2026-1",
        "PrimaryKeyArn": f"arn:aws:kms:us-west-2:{ACCOUNT}:key/mrk-{'0' * 32}",
        "IssuerRoleArn": role("issuer"),
        "RotationRoleArn": role("rotation"),
        "VpcEndpointId": "vpce-0a1b2c3d",
    },
}


def stack(name: str, template: dict[str, Any] | None = None, **changes: Any) -> Stack:
    """The template `name`, or `template` in its place, with the example's parameters and `changes`."""
    return Stack(template or load(name), PARAMETERS[name] | changes)
