"""The way of a record from CloudTrail to the archive, and of an alarm to whoever is on call: who may, and who may not."""

from __future__ import annotations

import unittest

from examples import PARAMETERS, role, stack
from policies import decide, policies
from template import ACCOUNT, REGION, Refused, Stack, names

ISSUING = PARAMETERS["log-archive"]["IssuingAccount"]
READER = role("TrailReader")
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ISSUING}:trail/mdl-authority"
ARCHIVE = "arn:aws:s3:::bucket"
TLS = {"aws:SecureTransport": "true"}
CLOUDTRAIL = "cloudtrail.amazonaws.com"


def policy(made: Stack, resource: str) -> list[dict]:
    return [
        statement
        for found in policies(made)
        if found.resource == resource and found.kind != "trust"
        for statement in found.statements
    ]


class Archive(unittest.TestCase):
    def setUp(self) -> None:
        made = stack("log-archive")
        self.resources = made.resources()
        self.bucket, self.key = policy(made, "BucketPolicy"), policy(made, "Key")
        self.reader = policy(made, "TrailReaderPolicy")

    def trail_may(self, action: str, resource: str = ARCHIVE, trail: str = TRAIL, **context: str) -> bool:
        statements = self.key if action.startswith("kms:") else self.bucket
        given = TLS | {"aws:SourceArn": trail, "s3:x-amz-acl": "bucket-owner-full-control"} | context
        return decide([], statements, CLOUDTRAIL, action, resource, given)

    def test_both_trails_write_encrypted(self) -> None:
        for account in (ISSUING, ACCOUNT):
            trail = TRAIL.replace(ISSUING, account)
            object_ = f"{ARCHIVE}/AWSLogs/{account}/CloudTrail/1.json.gz"
            self.assertTrue(self.trail_may("s3:PutObject", object_, trail))
            self.assertTrue(self.trail_may("s3:GetBucketAcl", trail=trail))
            self.assertTrue(self.trail_may("kms:GenerateDataKey", trail=trail))
            self.assertTrue(self.trail_may("kms:DescribeKey", trail=trail))

    def test_no_other_trail_does(self) -> None:
        for trail in (TRAIL.replace(ISSUING, "999999999999"), TRAIL.replace("mdl-authority", "other")):
            for action, resource in (
                ("s3:PutObject", f"{ARCHIVE}/AWSLogs/{ISSUING}/1.json.gz"),
                ("s3:GetBucketAcl", ARCHIVE),
                ("kms:GenerateDataKey", ARCHIVE),
                ("kms:DescribeKey", ARCHIVE),
            ):
                with self.subTest(trail=trail, action=action):
                    self.assertFalse(self.trail_may(action, resource, trail))
        self.assertFalse(self.trail_may("s3:PutObject", f"{ARCHIVE}/AWSLogs/999999999999/1.json.gz"))

    def test_the_reader_reads_records_and_decrypts_them_through_s3_alone(self) -> None:
        record = f"{ARCHIVE}/AWSLogs/{ISSUING}/1.json.gz"
        through_s3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
        self.assertTrue(decide(self.reader, [], READER, "s3:GetObject", record))
        self.assertTrue(decide(self.reader, [], READER, "s3:ListBucket", ARCHIVE, {"s3:prefix": "AWSLogs/1/"}))
        self.assertFalse(decide(self.reader, [], READER, "s3:ListBucket", ARCHIVE))
        self.assertFalse(decide(self.reader, [], READER, "s3:PutObject", record))
        self.assertFalse(decide(self.reader, [], READER, "s3:DeleteObject", record))
        self.assertTrue(decide([], self.key, READER, "kms:Decrypt", "key", through_s3))
        self.assertFalse(decide([], self.key, READER, "kms:Decrypt", "key"))
        self.assertFalse(decide([], self.key, role("other"), "kms:Decrypt", "key", through_s3))

    def test_nobody_comes_in_the_clear(self) -> None:
        everything = [{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"AWS": role("administrator")}}]
        for secure in (True, False):
            given = {"aws:SecureTransport": str(secure).lower()}
            allowed = decide([], everything + self.bucket, role("administrator"), "s3:GetObject", f"{ARCHIVE}/1", given)
            self.assertEqual(allowed, secure)

    def test_a_record_outlives_whoever_would_clear_it(self) -> None:
        for mode in ("GOVERNANCE", "COMPLIANCE"):
            bucket = stack("log-archive", LockMode=mode).resources()["Bucket"]["Properties"]
            retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
            self.assertTrue(bucket["ObjectLockEnabled"])
            self.assertEqual(retention, {"Mode": mode, "Days": 3653})
            for rule in bucket["LifecycleConfiguration"]["Rules"]:
                self.assertGreaterEqual(rule.get("ExpirationInDays", retention["Days"]), retention["Days"])

    def test_one_account_is_not_both(self) -> None:
        with self.assertRaises(Refused):
            stack("log-archive", IssuingAccount=ACCOUNT)


class Watch(unittest.TestCase):
    def setUp(self) -> None:
        made = stack("watch")
        self.resources = made.resources()
        self.key, self.topic = policy(made, "Key"), policy(made, "TopicPolicy")
        self.delivery = policy(made, "TrailDelivery")

    def test_alarms_and_events_reach_the_topic_through_its_key(self) -> None:
        topic = self.resources["TopicPolicy"]["Properties"]["Topics"][0]
        for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com"):
            with self.subTest(service):
                given = {"aws:SourceAccount": ACCOUNT}
                self.assertTrue(decide([], self.topic, service, "sns:Publish", topic, given))
                for action in ("kms:Decrypt", "kms:GenerateDataKey"):
                    self.assertTrue(decide([], self.key, service, action, "key"))
        self.assertEqual(self.resources["Topic"]["Properties"]["KmsMasterKeyId"], f"arn:aws:kms:{REGION}:{ACCOUNT}:key/Key-id")
        self.assertFalse(decide([], self.topic, "s3.amazonaws.com", "sns:Publish", topic, {"aws:SourceAccount": ACCOUNT}))

    def test_the_trail_writes_into_its_log_group_and_no_other(self) -> None:
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.resources['LogGroup']['Properties']['LogGroupName']}"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            self.assertTrue(decide(self.delivery, [], role("x"), action, f"{group}:log-stream:1"))
            self.assertFalse(decide(self.delivery, [], role("x"), action, f"{group}2:log-stream:1"))
        context = {"kms:EncryptionContext:aws:logs:arn": group}
        logs = f"logs.{REGION}.amazonaws.com"
        for action in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"):
            self.assertTrue(decide([], self.key, logs, action, "key", context), action)
            self.assertFalse(decide([], self.key, logs, action, "key", {"kms:EncryptionContext:aws:logs:arn": "other"}))

    def test_the_key_can_be_looked_after(self) -> None:
        administrator = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        for name in ("watch", "log-archive"):
            key = policy(stack(name), "Key")
            self.assertTrue(decide(administrator, key, role("administrator"), "kms:PutKeyPolicy", "key"))
            self.assertFalse(decide(administrator, key, role("administrator"), "kms:Decrypt", "key"))


class Trust(unittest.TestCase):
    def test_every_role_is_assumed_by_one_principal(self) -> None:
        for name in names():
            for found in policies(stack(name)):
                if found.kind == "trust":
                    with self.subTest(name=name, role=found.resource):
                        (statement,) = found.statements
                        self.assertEqual((statement["Effect"], statement["Action"]), ("Allow", "sts:AssumeRole"))
                        (principal,) = statement["Principal"].values()
                        self.assertIsInstance(principal, str)

    def test_rotation_goes_to_the_certifier_and_nowhere_else(self) -> None:
        rotation = policy(stack("issuing-roles"), "RotationPolicy")
        certifier = PARAMETERS["issuing-roles"]["CertifierRoleArn"]
        self.assertTrue(decide(rotation, [], role("rotation"), "sts:AssumeRole", certifier))
        self.assertFalse(decide(rotation, [], role("rotation"), "sts:AssumeRole", role("operator")))
        self.assertNotIn("RotationPolicy", stack("issuing-roles", CertifierRoleArn="").resources())


if __name__ == "__main__":
    unittest.main()
