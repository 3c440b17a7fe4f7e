"""The policies in the templates: what is broader than a job needs, and what AWS would decide about a call."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from template import ACCOUNT, Stack

# Actions for which AWS has no permissions per resource (Service Authorization Reference).
WITHOUT_RESOURCE = {
    "acm-pca:ListCertificateAuthorities",
    "cloudtrail:LookupEvents",
    "ecr:GetAuthorizationToken",
    "kms:ListAliases",
    "kms:ListKeys",
}
# Wildcards that stand for the variants of one right: with and without plaintext, from and to.
FAMILIES = {"kms:GenerateDataKey*", "kms:ReEncrypt*"}
# Services that come without a word about whose account sent them; each with its reason in the template.
UNNAMED_SOURCES = {("Key", "AlarmsAreSent"), ("TopicPolicy", "Events")}
# What uses a key, as opposed to administering it.
USES = {
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateMac",
    "kms:ReEncryptFrom",
    "kms:Sign",
}


@dataclass(frozen=True)
class Policy:
    resource: str
    kind: str  # identity, trust, key or resource
    statements: list[dict[str, Any]]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def policies(stack: Stack) -> Iterator[Policy]:
    for name, resource in stack.resources().items():
        properties = resource["Properties"]
        match resource["Type"]:
            case "AWS::IAM::Role":
                yield Policy(name, "trust", properties["AssumeRolePolicyDocument"]["Statement"])
                for policy in properties.get("Policies", []):
                    yield Policy(name, "identity", policy["PolicyDocument"]["Statement"])
            case "AWS::IAM::RolePolicy":
                yield Policy(name, "identity", properties["PolicyDocument"]["Statement"])
            case "AWS::KMS::Key" | "AWS::KMS::ReplicaKey":
                yield Policy(name, "key", properties["KeyPolicy"]["Statement"])
            case "AWS::S3::BucketPolicy" | "AWS::SNS::TopicPolicy":
                yield Policy(name, "resource", properties["PolicyDocument"]["Statement"])


def findings(stack: Stack) -> list[str]:
    """What is broader than it needs to be."""
    return [
        f"{policy.resource}: {finding}"
        for policy in policies(stack)
        for statement in policy.statements
        for finding in _findings(policy, statement)
    ]


def _findings(policy: Policy, statement: dict[str, Any]) -> Iterator[str]:
    if unclear := {"NotAction", "NotResource", "NotPrincipal"} & set(statement):
        yield f"{sorted(unclear)} allows what nobody has thought of"
    if statement["Effect"] == "Deny":
        return
    actions = _list(statement["Action"])
    for action in actions:
        if "*" in action and action not in FAMILIES:
            yield f"action {action}"
    conditions = {key.lower() for keys in statement.get("Condition", {}).values() for key in keys}
    if policy.kind in ("identity", "resource"):
        for resource in _list(statement["Resource"]):
            if resource == "*":
                if not set(actions) <= WITHOUT_RESOURCE:
                    yield f"any resource for {actions}"
                continue
            # At the end and below something named: objects of a bucket, streams of a log group. Or keys with a tag.
            named = resource.split(":", 5)[-1]
            if ("*" in resource[:-1] or named.startswith("*")) and "aws:resourcetag/mdl:purpose" not in conditions:
                yield f"resource {resource}"
    if policy.kind != "identity":
        yield from _principal_findings(policy, statement, conditions)
    if "acm-pca:IssueCertificate" in actions:
        templates = statement.get("Condition", {}).get("StringEquals", {}).get("acm-pca:TemplateArn", "*")
        if not isinstance(templates, str) or "*" in templates:
            yield "certificates by any template"
    if "iam:PassRole" in actions and "iam:passedtoservice" not in conditions:
        yield "a role for any service"
    if "kms:Sign" in actions:
        if policy.kind != "key":
            yield "a right to sign beside the key's policy"
        equals = statement.get("Condition", {}).get("StringEquals", {})
        if equals.get("kms:MessageType") != "DIGEST" or not str(equals.get("kms:SigningAlgorithm")).startswith("ECDSA_SHA_"):
            yield "signatures of any form"
        if actions != ["kms:Sign"]:
            yield "conditions of kms:Sign refuse the other actions of the statement"


def _principal_findings(policy: Policy, statement: dict[str, Any], conditions: set[str]) -> Iterator[str]:
    principal = statement["Principal"]
    if principal == "*" or "*" in str(principal):
        yield f"anybody: {principal}"
        return
    source = {"aws:sourcearn", "aws:sourceaccount"} | {key for key in conditions if key.startswith("kms:encryptioncontext:")}
    if "Service" in principal and not source & conditions and (policy.resource, statement.get("Sid")) not in UNNAMED_SOURCES:
        # EC2 says nothing about its source either; the role is passed to it within the account.
        if principal["Service"] != "ec2.amazonaws.com":
            yield f"{principal['Service']} on behalf of anybody"
    for who in _list(principal.get("AWS", [])):
        if who.endswith(":root"):
            used = {use for use in USES for action in _list(statement["Action"]) if fnmatch.fnmatchcase(use, action)}
            if used:
                yield f"the account's administrators may {sorted(used)}"


def decide(
    identity: list[dict[str, Any]],
    resource_policy: list[dict[str, Any]],
    principal: str,
    action: str,
    resource: str,
    context: dict[str, str] | None = None,
) -> bool:
    """Whether AWS would allow the call: no statement denies it, and the caller's policies or the resource's allow it. A key
    and the policies of its account count only as far as the key's policy hands the action to the account."""
    context = {"aws:PrincipalArn": principal} | (context or {})
    own = [statement for statement in identity if _applies(statement, action, resource, context)]
    named, account = [], []
    for statement in resource_policy:
        if _applies(statement, action, resource, context):
            who = statement["Principal"]
            if who == "*" or principal in _list(who.get("AWS", [])) or principal in _list(who.get("Service", [])):
                named.append(statement)
            elif f"arn:aws:iam::{ACCOUNT}:root" in _list(who.get("AWS", [])):
                account.append(statement)
    if any(statement["Effect"] == "Deny" for statement in own + named):
        return False
    if named:
        return True
    return bool(own) and (not resource_policy or bool(account))


def _applies(statement: dict[str, Any], action: str, resource: str, context: dict[str, str]) -> bool:
    if not any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in _list(statement["Action"])):
        return False
    if not any(fnmatch.fnmatchcase(resource, pattern) for pattern in _list(statement.get("Resource", resource))):
        return False
    return all(
        _condition(operator, _list(values), context.get(key))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _condition(operator: str, values: list[str], actual: str | None) -> bool:
    match operator:
        case "StringEquals" | "Bool" | "ArnEquals":
            return actual in values
        case "StringNotEquals" | "ArnNotEquals":
            return actual not in values
        case "StringLike":
            return actual is not None and any(fnmatch.fnmatchcase(actual, value) for value in values)
    raise ValueError(f"condition operator {operator}")
