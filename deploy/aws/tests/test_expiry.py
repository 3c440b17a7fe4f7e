"""The reminders that certificate-expiry.yaml plans of a certificate, by the JSONata of its state machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from examples import stack
from template import ACCOUNT, CA_ARN

ISSUED = datetime(2026, 3, 7, 22, 36, 44, tzinfo=timezone.utc)
SERIAL = "4a5b6c7d8e9f0a1b2c3d4e5f60718293"


def definition(**changes: Any) -> dict[str, Any]:
    """The state machine, with its substitutions made."""
    machine = stack("certificate-expiry", **changes).resources()["Plan"]["Properties"]
    text = json.dumps(machine["Definition"])
    for name, value in machine["DefinitionSubstitutions"].items():
        text = text.replace(f"${{{name}}}", str(value))
    assert "${" not in text
    return json.loads(text)


def evaluate(value: Any, states: dict[str, Any]) -> Any:
    """A value of a state: text between {% and %} is JSONata, all else itself."""
    if isinstance(value, dict):
        return {key: evaluate(item, states) for key, item in value.items()}
    if not isinstance(value, str) or not (match := re.fullmatch(r"\{%(.*)%\}", value, re.DOTALL)):
        return value
    done = subprocess.run(
        ["node", Path(__file__).with_name("evaluate.mjs")],
        input=json.dumps({"expression": match.group(1), "states": states}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(done.stderr)
    return json.loads(done.stdout)


def event(kind: str, value: int, **detail: Any) -> dict[str, Any]:
    """What EventBridge makes of the record of an issuing."""
    return {
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.acm-pca",
        "detail": {
            "eventSource": "acm-pca.amazonaws.com",
            "eventName": "IssueCertificate",
            "eventTime": ISSUED.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "requestParameters": {"certificateAuthorityArn": CA_ARN, "validity": {"type": kind, "value": value}},
            "responseElements": {"certificateArn": f"{CA_ARN}/certificate/{SERIAL}"},
        }
        | detail,
    }


def reminders(given: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    return evaluate(definition(**changes)["States"]["FindTheEnd"]["Output"], {"input": given})["reminders"]


class Reminders(unittest.TestCase):
    def test_come_45_30_14_7_and_1_days_before_signing_stops(self) -> None:
        planned = reminders(event("DAYS", 456))
        stops = ISSUED + timedelta(days=456 - 90)
        self.assertEqual([reminder["detail"]["daysLeftToSign"] for reminder in planned], [45, 30, 14, 7, 1])
        for reminder in planned:
            at = stops - timedelta(days=reminder["detail"]["daysLeftToSign"])
            self.assertEqual(reminder["at"], at.strftime("%Y-%m-%dT%H:%M:%S"))
            self.assertEqual(reminder["detail"]["certificate"], f"{CA_ARN}/certificate/{SERIAL}")
            self.assertEqual(reminder["detail"]["ends"], (ISSUED + timedelta(days=456)).strftime("%Y-%m-%dT%H:%M:%S.000Z"))

    def test_every_kind_of_validity_ends_when_it_ends(self) -> None:
        end = datetime(2027, 6, 1, 12, 0, 0, tzinfo=timezone.utc)
        years = timedelta(days=3 * 365)
        for kind, value, ends in (
            ("ABSOLUTE", int(end.timestamp()), end),
            ("END_DATE", 20270601120000, end),
            ("END_DATE", 270601120000, end),
            ("DAYS", 400, ISSUED + timedelta(days=400)),
            ("MONTHS", 14, ISSUED + timedelta(days=14 * 28)),
            ("YEARS", 3, ISSUED + years),
        ):
            with self.subTest(kind=kind, value=value):
                planned = reminders(event(kind, value), LongestDocumentDays=0)
                self.assertEqual(planned[0]["at"], (ends - timedelta(days=45)).strftime("%Y-%m-%dT%H:%M:%S"))

    def test_those_that_would_be_in_the_past_are_left_out(self) -> None:
        for days, expected in ((100, [7, 1]), (97, [1]), (91, []), (30, [])):
            with self.subTest(days):
                planned = reminders(event("DAYS", days))
                self.assertEqual([reminder["detail"]["daysLeftToSign"] for reminder in planned], expected)

    def test_an_unknown_kind_of_validity_fails_and_so_is_an_alarm(self) -> None:
        with self.assertRaises(ValueError):
            reminders(event("FORTNIGHTS", 3))
        alarm = stack("certificate-expiry").resources()["NotPlanned"]["Properties"]
        self.assertEqual(alarm["MetricName"], "ExecutionsFailed")

    def test_a_schedule_is_made_once_and_goes_to_the_bus(self) -> None:
        schedule = definition()["States"]["EachReminder"]["ItemProcessor"]["States"]["Schedule"]
        for reminder in reminders(event("DAYS", 456)):
            call = evaluate(schedule["Arguments"], {"input": reminder})
            # 64 characters of these; and the same for a record that comes twice, which is a conflict and no failure.
            self.assertRegex(call["Name"], r"^[0-9a-zA-Z_.-]{1,64}$")
            self.assertEqual(call["Name"], f"{SERIAL}-{reminder['detail']['daysLeftToSign']}")
            self.assertRegex(call["ScheduleExpression"], r"^at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)$")
            self.assertEqual(json.loads(call["Target"]["Input"]), reminder["detail"])
        self.assertEqual(schedule["Catch"][0]["ErrorEquals"], ["Scheduler.ConflictException"])

    def test_what_is_planned_may_be_done_and_arrives(self) -> None:
        resources = stack("certificate-expiry").resources()
        arguments = definition()["States"]["EachReminder"]["ItemProcessor"]["States"]["Schedule"]["Arguments"]
        (plan, pass_role) = resources["Planner"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        group = resources["Group"]["Properties"]["Name"]
        self.assertEqual(arguments["GroupName"], group)
        self.assertEqual(plan["Action"], "scheduler:CreateSchedule")
        self.assertTrue(plan["Resource"].endswith(f":schedule/{group}/*"))
        self.assertEqual(pass_role["Resource"], arguments["Target"]["RoleArn"])
        (remind,) = resources["Reminder"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        self.assertEqual(remind["Resource"], arguments["Target"]["Arn"])
        self.assertEqual(remind["Resource"], f"arn:aws:events:us-west-2:{ACCOUNT}:event-bus/default")
        source = arguments["Target"]["EventBridgeParameters"]["Source"]
        self.assertEqual(remind["Condition"]["StringEquals"]["events:source"], source)
        self.assertEqual(resources["Ends"]["Properties"]["EventPattern"]["source"], [source])
        self.assertTrue(resources["Ends"]["Properties"]["Targets"][0]["Arn"].endswith(":Topic"))

    def test_issuing_starts_it_and_a_refused_one_does_not(self) -> None:
        resources = stack("certificate-expiry").resources()
        pattern = resources["Issued"]["Properties"]["EventPattern"]
        given = event("DAYS", 1)
        self.assertIn(given["detail-type"], pattern["detail-type"])
        self.assertIn(given["source"], pattern["source"])
        for field in ("eventSource", "eventName"):
            self.assertIn(given["detail"][field], pattern["detail"][field])
        self.assertEqual(pattern["detail"]["errorCode"], [{"exists": False}])
        (target,) = resources["Issued"]["Properties"]["Targets"]
        (start,) = resources["Starter"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        self.assertEqual((start["Action"], start["Resource"]), ("states:StartExecution", target["Arn"]))
        self.assertTrue(target["RoleArn"].endswith("/Starter"))


if __name__ == "__main__":
    unittest.main()
