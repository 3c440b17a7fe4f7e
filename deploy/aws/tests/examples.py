"""Parameters with which each template would be deployed."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from typing import Any

from template import ACCOUNT, FOLDER, Stack, load

sys.dont_write_bytecode = True

# The command as it is run, so that what it prints is what is tested.
_loader = importlib.machinery.SourceFileLoader("parameter", str(FOLDER / "parameter"))
_spec = importlib.util.spec_from_loader("parameter", _loader)
parameter = importlib.util.module_from_spec(_spec)
_loader.exec_module(parameter)

CRL_HOST = "crl.dmv.example.gov"
CONTACT_URI = "https://dmv.example.gov/mobile-licence"
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
}


def stack(name: str, template: dict[str, Any] | None = None, **changes: Any) -> Stack:
    """The template `name`, or `template` in its place, with the example's parameters and `changes`."""
    return Stack(template or load(name), PARAMETERS[name] | changes)
