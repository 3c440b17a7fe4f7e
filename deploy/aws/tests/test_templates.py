"""What holds for every template: parameters are checked, outputs explained, and nothing that cannot be made again is lost."""

from __future__ import annotations

import json
import re
import unittest

from examples import PARAMETERS, stack
from template import FOLDER, Refused, load, names

# What is gone for good with its stack, or takes every certificate out there with it.
KEPT = {
    "AWS::ACMPCA::Certificate",
    "AWS::ACMPCA::CertificateAuthority",
    "AWS::ACMPCA::CertificateAuthorityActivation",
    "AWS::CloudFront::Distribution",
    "AWS::KMS::Key",
    "AWS::KMS::ReplicaKey",
    "AWS::S3::Bucket",
}


class Templates(unittest.TestCase):
    def test_every_parameter_is_checked_and_explained(self) -> None:
        for name in names():
            for parameter, rules in load(name).get("Parameters", {}).items():
                with self.subTest(name=name, parameter=parameter):
                    self.assertTrue(rules["Description"])
                    checked = {"AllowedPattern", "AllowedValues", "MinValue"} & set(rules)
                    self.assertTrue(checked)
                    if "AllowedPattern" in rules:
                        self.assertTrue(rules["ConstraintDescription"])
                        for wrong in ("*", "a\tb", "x\n", "${AWS::AccountId}"):
                            with self.assertRaises(Refused):
                                stack(name, **{parameter: wrong})

    def test_every_output_is_explained(self) -> None:
        for name in names():
            for output, body in load(name)["Outputs"].items():
                with self.subTest(name=name, output=output):
                    self.assertTrue(body["Description"])
            stack(name).outputs()

    def test_what_a_description_names_is_there(self) -> None:
        """`X of y.yaml` is an output of y, or the parameter that an output goes into."""
        for name in names():
            text = re.sub(r"\s+", " ", (FOLDER / f"{name}.yaml").read_text())
            for word, other in re.findall(r"\b([A-Z]\w+) of ([a-z-]+)\.yaml", text):
                with self.subTest(name=name, word=word, other=other):
                    template = load(other)
                    self.assertIn(word, set(template["Outputs"]) | set(template["Parameters"]))

    def test_what_is_lost_for_good_is_kept(self) -> None:
        for name in names():
            for resource, body in load(name)["Resources"].items():
                with self.subTest(name=name, resource=resource):
                    if body["Type"] in KEPT:
                        self.assertEqual((body["DeletionPolicy"], body["UpdateReplacePolicy"]), ("Retain", "Retain"))

    def test_the_stack_policy_keeps_it_from_being_replaced(self) -> None:
        allow, deny = json.loads((FOLDER / "stack-policy.json").read_text())["Statement"]
        self.assertEqual((allow["Effect"], deny["Effect"]), ("Allow", "Deny"))
        self.assertEqual(set(deny["Action"]), {"Update:Replace", "Update:Delete"})
        self.assertEqual(set(deny["Condition"]["StringEquals"]["ResourceType"]), KEPT)

    def test_every_template_has_an_example_and_a_place_in_the_readme(self) -> None:
        self.assertEqual(set(PARAMETERS), set(names()))
        readme = (FOLDER / "README.md").read_text()
        for name in names():
            self.assertIn(f"`{name}.yaml`", readme)

    def test_templates_are_small_enough_to_be_sent(self) -> None:
        for name in names():
            self.assertLess((FOLDER / f"{name}.yaml").stat().st_size, 51_200, name)


if __name__ == "__main__":
    unittest.main()
