"""What checkov was told to leave out, and what it saw."""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path

from template import load, names


class Waivers(unittest.TestCase):
    def setUp(self) -> None:
        self.report = json.loads(Path(os.environ["CHECKOV_JSON"]).read_text())

    def test_each_has_a_reason_and_waives_something(self) -> None:
        written = set()
        for name in names():
            for resource, body in load(name)["Resources"].items():
                for waiver in body.get("Metadata", {}).get("checkov", {}).get("skip", []):
                    self.assertGreater(len(waiver["comment"]), 40, waiver)
                    written.add((f"/{name}.yaml", resource, waiver["id"]))
        used = {
            (check["file_path"], check["resource"].split(".", 1)[1], check["check_id"])
            for check in self.report["results"]["skipped_checks"]
        }
        self.assertEqual(written, used)

    def test_every_resource_was_looked_at(self) -> None:
        self.assertEqual(self.report["summary"]["parsing_errors"], 0)
        seen = self.report["summary"]["resource_count"]
        self.assertEqual(seen, sum(len(load(name)["Resources"]) for name in names()))


if __name__ == "__main__":
    unittest.main()
