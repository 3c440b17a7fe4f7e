"""Reads a template and resolves it as CloudFormation would, for the intrinsic functions that ours use."""

from __future__ import annotations

import base64
import copy
import functools
import re
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent
ACCOUNT = "111122223333"
REGION = "us-west-2"
CA_ARN = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/11223344-1234-1122-2233-112233445566"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    """The short forms (`!Ref`, `!Sub`) as the long ones."""


def _short_form(loader: yaml.Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# Dates stay text: the version of a policy is one.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def names() -> list[str]:
    """The templates that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@functools.cache
def _read(name: str) -> dict[str, Any]:
    return yaml.load((FOLDER / f"{name}.yaml").read_text(), _Loader)


def load(name: str) -> dict[str, Any]:
    """The template `name`, unresolved, for the caller to change."""
    return copy.deepcopy(_read(name))


class Refused(Exception):
    """A parameter that CloudFormation would not take."""


class Stack:
    """A template with parameters."""

    def __init__(self, template: dict[str, Any], parameters: dict[str, Any]):
        self.template = copy.deepcopy(template)
        self.parameters = self._checked(parameters)

    def _checked(self, given: dict[str, Any]) -> dict[str, Any]:
        declared = self.template.get("Parameters", {})
        if unknown := set(given) - set(declared):
            raise Refused(f"unknown: {sorted(unknown)}")
        values = {}
        for name, rules in declared.items():
            if name not in given and "Default" not in rules:
                raise Refused(f"{name}: missing")
            value = given.get(name, rules.get("Default"))
            # CloudFormation matches the whole value.
            if "AllowedPattern" in rules and not re.fullmatch(rules["AllowedPattern"], str(value)):
                raise Refused(f"{name}: {rules['ConstraintDescription']}")
            if "AllowedValues" in rules and value not in rules["AllowedValues"]:
                raise Refused(f"{name}: not one of {rules['AllowedValues']}")
            if not rules.get("MinValue", value) <= value <= rules.get("MaxValue", value):
                raise Refused(f"{name}: out of range")
            values[name] = value
        self.parameters = values
        for name, rule in self.template.get("Rules", {}).items():
            if "RuleCondition" in rule and not self._holds(rule["RuleCondition"]):
                continue
            for assertion in rule["Assertions"]:
                if not self._holds(assertion["Assert"]):
                    raise Refused(f"{name}: {assertion['AssertDescription']}")
        return values

    def _holds(self, condition: dict[str, Any]) -> bool:
        ((function, argument),) = condition.items()
        match function:
            case "Condition":
                return self._holds(self.template["Conditions"][argument])
            case "Fn::Equals":
                left, right = (self.resolve(side) for side in argument)
                return left == right
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Fn::And":
                return all(self._holds(part) for part in argument)
            case "Fn::Or":
                return any(self._holds(part) for part in argument)
        raise ValueError(f"condition {function}")

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources that would be made, resolved."""
        return {
            name: self.resolve(resource)
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self._holds({"Condition": resource["Condition"]})
        }

    def outputs(self) -> dict[str, Any]:
        return {
            name: self.resolve(output["Value"])
            for name, output in self.template["Outputs"].items()
            if "Condition" not in output or self._holds({"Condition": output["Condition"]})
        }

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        match self.template["Resources"][name]["Type"]:
            case "AWS::ACMPCA::CertificateAuthority":
                return CA_ARN
            case "AWS::SNS::Topic":
                return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"
        return f"{name}-id"

    def _attribute(self, resource: str, attribute: str) -> str:
        kind = self.template["Resources"][resource]["Type"]
        if attribute == "Arn":
            match kind:
                case "AWS::S3::Bucket":
                    return f"arn:aws:s3:::{resource.lower()}"
                case "AWS::IAM::Role":
                    return f"arn:aws:iam::{ACCOUNT}:role/{resource}"
                case "AWS::KMS::Key":
                    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{resource}-id"
            return f"arn:aws:{kind.split('::')[1].lower()}:{REGION}:{ACCOUNT}:{resource}"
        return f"{resource}.{attribute}"

    def resolve(self, value: Any) -> Any:
        """`value` without intrinsic functions."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self._reference(argument)
            if function.startswith("Fn::"):
                return self._call(function.removeprefix("Fn::"), argument)
        return {key: item for key, item in ((key, self.resolve(item)) for key, item in value.items()) if item is not NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "If":
                condition, when, otherwise = argument
                return self.resolve(when if self._holds({"Condition": condition}) else otherwise)
            case "Sub":
                return self._substituted(argument)
            case "Join":
                separator, parts = argument
                return separator.join(str(part) for part in self.resolve(parts))
            case "Split":
                separator, text = argument
                return self.resolve(text).split(separator)
            case "Select":
                index, items = argument
                return self.resolve(items)[int(index)]
            case "Base64":
                return base64.b64encode(self.resolve(argument).encode()).decode()
            case "GetAtt":
                return self._attribute(*argument)
            case "FindInMap":
                table, first, second = (self.resolve(part) for part in argument)
                return self.template["Mappings"][table][str(first)][second]
        raise ValueError(f"function {function}")

    def _substituted(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in own:
                return str(self.resolve(own[name]))
            if "." in name:
                return self._attribute(*name.split(".", 1))
            return str(self._reference(name))

        return re.sub(r"\$\{([^!}][^}]*)\}", value, text)
