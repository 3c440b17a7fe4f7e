"""The running service over TLS: a wallet that we did not write collects from it, and others judge what it got."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import documents
from mdl import Mdl, rfc3339
from outcome import Outcome
from peers import HERE, PEERS, Broken, call

WALLET, STATUS = "@openid4vc/openid4vci", "@owf/token-status-list"
JUDGES = ("@owf/mdoc", "isomdl")
MDL, TENANT, BATCH = "org.iso.18013.5.1.mDL", "dmv", 10
SUBJECTS = ("anna", "bela", "clara", "dora")
START_SECONDS, PUBLISH_SECONDS = 60, 30


@dataclass(frozen=True)
class Tls:
    """A certificate for localhost, and the root that clients are given."""

    root: Path
    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> Tls:
        folder.mkdir()
        new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2")
        call(*new, "-subj", "/CN=Interop CA", "-keyout", "ca-key.pem", "-out", "ca.pem", folder=folder)
        call(
            *new, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext",
            "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-keyout", "key.pem",
            "-out", "certificate.pem", folder=folder,
        )  # fmt: skip
        return cls(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")


class Service:
    """`mdl serve`, and what its operators ask of it."""

    def __init__(self, mdl: Mdl, folder: Path, tls: Tls):
        self.mdl, self.folder, self.tls = mdl, folder, tls
        self.public, self.internal = free_ports(2)
        self.issuer = f"https://localhost:{self.public}"
        self.iaca = folder / "authority" / "iaca" / "certificate.pem"

    @contextmanager
    def running(self) -> Iterator[Service]:
        """The development service makes authority and settings; the second start is as in earnest, with TLS."""
        records = self.folder / "records"
        records.mkdir(parents=True)
        shutil.copy(documents.RECORD.parent / "portrait.jpg", records)
        for subject in SUBJECTS:
            shutil.copy(documents.RECORD, records / f"{subject}.json")
        with self.started("--dev", "--data", self.folder, "--port", free_ports(1)[0]):
            self.wait_until(lambda: (self.folder / "issuer.toml").exists() and self.iaca.exists())
            self.token = (self.folder / "secrets" / "operator-token").read_text().strip()
            settings = (self.folder / "issuer.toml").read_text()
            internal = field(settings, "[internal]", "address")
            self.wait_until(lambda: self.ready(internal))
        (self.folder / "tls.toml").write_text(self.with_tls(settings))
        with self.started("--config", self.folder / "tls.toml"):
            self.wait_until(lambda: self.ready(f"127.0.0.1:{self.internal}"))
            yield self

    def with_tls(self, settings: str) -> str:
        public, internal = (field(settings, table, "address") for table in ("[public]", "[internal]"))
        tls = f'tls_certificate = "{self.tls.certificate}"\ntls_key = "{self.tls.key}"\n'
        for old, new in (
            (f'issuer = "http://{public}"', f'issuer = "{self.issuer}"'),
            (f'address = "{public}"\n', f'address = "127.0.0.1:{self.public}"\n{tls}'),
            (f'address = "{internal}"', f'address = "127.0.0.1:{self.internal}"'),
            ("allow_insecure_http = true\n", ""),
        ):
            if settings.count(old) != 1:
                raise Broken(f"the settings of `mdl serve --dev` have no single line {old!r}")
            settings = settings.replace(old, new)
        return settings

    @contextmanager
    def started(self, *arguments: object) -> Iterator[None]:
        line = [str(self.mdl.program), "serve", *(str(argument) for argument in arguments)]
        log = self.folder.parent / "service.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(line, stdout=output, stderr=output)
            try:
                yield
            finally:
                self.process.send_signal(signal.SIGTERM)
                status = self.process.wait(timeout=START_SECONDS)
        if status != 0:
            raise Broken(f"{' '.join(line)}\nended with {status}\n{log.read_text()[-2000:]}")

    def wait_until(self, holds) -> None:
        until = time.monotonic() + START_SECONDS
        while not holds():
            if self.process.poll() is not None or time.monotonic() > until:
                log = (self.folder.parent / "service.log").read_text()
                raise Broken(f"`mdl serve` did not come up in {START_SECONDS} s:\n{log[-2000:]}")
            time.sleep(0.2)

    def ready(self, internal: str) -> bool:
        try:
            return urllib.request.urlopen(f"http://{internal}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def ask(self, path: str, body: dict) -> dict:
        """One question of an operator."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.internal}/tenants/{TENANT}/{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            return json.load(urllib.request.urlopen(request, timeout=30))
        except urllib.error.HTTPError as refused:
            raise Broken(f"{path}: HTTP {refused.status} {refused.read().decode()}") from refused

    def offer(self, subject: str, tx_code: bool) -> dict:
        body = {"subject": subject, "configuration_ids": [MDL]}
        return self.ask("offers", {**body, "tx_code_digits": 6} if tx_code else body)


def field(settings: str, table: str, name: str) -> str:
    """A text of a table of settings that `mdl serve --dev` wrote."""
    rest = settings.split(f"\n{table}\n", 1)[1]
    return rest.split(f"{name} = \"", 1)[1].split('"', 1)[0]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def outcomes(mdl: Mdl, work: Path) -> Iterator[Outcome]:
    """Everything that is tried with the service."""
    folder = work / "service"
    folder.mkdir()
    service = Service(mdl, folder / "data", Tls.make(folder / "tls"))
    with service.running():
        batches = {}
        for subject, (case, link, tx_code) in zip(SUBJECTS, (
            ("by-value", "link_by_value", False),
            ("by-reference", "link_by_reference", False),
            ("by-value-tx-code", "link_by_value", True),
            ("by-reference-tx-code", "link_by_reference", True),
        ), strict=True):  # fmt: skip
            offer = service.offer(subject, tx_code)
            batches[case] = folder / case
            order = {"offer": offer[link], "batch": BATCH}
            if tx_code:
                yield refused(service, folder / f"{case}-wrong", {**order, "tx_code": wrong(offer["tx_code"])})
                order["tx_code"] = offer["tx_code"]
            said = collect(service, batches[case], order)
            actual = said.get("refused") or f"{said['collected']} by {said['version']} with {said['token_type']}"
            yield Outcome(WALLET, f"collects {case}", f"{BATCH} by V1 with DPoP", actual)
            # What was collected is no longer to be had where an offer by reference lay.
            gone = "HTTP 404" if link == "link_by_reference" else "invalid_grant"
            yield refused(service, folder / f"{case}-again", order, gone)
        for case, batch in batches.items():
            yield from judged(service, case, batch)
        yield from revoked(service, batches)


def wrong(tx_code: str) -> str:
    """Another code of the same length."""
    return "".join(str((int(digit) + 1) % 10) for digit in tx_code)


def collect(service: Service, folder: Path, order: dict) -> dict:
    """What the wallet says about an offer; documents and keys are left in the folder."""
    folder.mkdir()
    (folder / "collect.json").write_text(json.dumps(order))
    return node(service, "openid4vci_wallet.mjs", folder)[0]


def refused(service: Service, folder: Path, order: dict, code: str = "invalid_grant") -> Outcome:
    said = collect(service, folder, order)
    return Outcome(WALLET, f"collects {folder.name}", code, said.get("refused", "a batch"))


def node(service: Service, program: str, *arguments: object) -> list[dict]:
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(service.tls.root)}
    line = ["node", str(HERE / "node" / program), *(str(argument) for argument in arguments)]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, timeout=120)
    if done.returncode != 0:
        raise Broken(f"{' '.join(line[:2])}\nended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def judged(service: Service, case: str, batch: Path) -> Iterator[Outcome]:
    """What other libraries and our reader say about each document of a batch."""
    folders = [case_folder(service, batch, document) for document in sorted(batch.glob("??.cbor"))]
    for peer in PEERS:
        if peer.name in JUDGES:
            said = peer.check(folders).values()
            accepted = sum(one["accepted"] for one in said)
            detail = "; ".join({failed for one in said for failed in one["failed"]})
            yield Outcome(peer.name, f"checks {case}", f"{BATCH} accepted", f"{accepted} accepted", detail)
    reports = [service.mdl.verify(folder / "input.cbor", service.iaca, "--static") for folder in folders]
    valid = sum(report["verdict"] == "valid" for report in reports)
    yield Outcome("mdl", f"checks {case}", f"{BATCH} valid", f"{valid} valid")


def case_folder(service: Service, batch: Path, document: Path) -> Path:
    """A folder as `peers.py` hands it to a library."""
    folder = batch / f"issuer-signed-{document.stem}"
    if not folder.exists():
        folder.mkdir()
        shutil.copy(document, folder / "input.cbor")
        shutil.copy(service.iaca, folder / "iaca.pem")
        shutil.copy(batch / f"{document.stem}.key.pem", folder / "reader_key.pem")
        (folder / "session_transcript.cbor").write_bytes(bytes.fromhex("83f6f6f6"))
        about = {"kind": "issuer-signed", "doc_type": MDL, "at": rfc3339(datetime.now(timezone.utc))}
        (folder / "check.json").write_text(json.dumps(about))
    return folder


def revoked(service: Service, batches: dict[str, Path]) -> Iterator[Outcome]:
    """One person's documents are revoked: their status says so, and nobody else's does."""
    (case, batch), (other_case, other) = list(batches.items())[:2]
    folders = {name: [case_folder(service, at, one) for one in sorted(at.glob("??.cbor"))] for name, at in
               ((case, batch), (other_case, other))}  # fmt: skip
    yield from statuses(service, f"status {case}", folders[case], "valid")
    service.ask("status-changes", {"subject": SUBJECTS[0], "action": "revoke", "reason": "device-lost"})
    until = time.monotonic() + PUBLISH_SECONDS
    while time.monotonic() < until and not all(one["status"] for one in read_status(service, folders[case])):
        time.sleep(1)
    yield from statuses(service, f"status {case}-revoked", folders[case], "revoked")
    yield from statuses(service, f"status {other_case}", folders[other_case], "valid")


def read_status(service: Service, folders: list[Path]) -> list[dict]:
    return node(service, "owf_status.mjs", *folders)


def statuses(service: Service, case: str, folders: list[Path], expected: str) -> Iterator[Outcome]:
    """What `@owf/token-status-list` and our reader make of the published lists."""
    said_of_jwt = read_status(service, folders)
    places = [word for folder, said in zip(folders, said_of_jwt, strict=True) for word in (folder, said["idx"])]
    for form, said in (("jwt", said_of_jwt), ("cwt", node(service, "owf_status_cwt.mjs", *places))):
        words = ["revoked" if one["status"] else "valid" for one in said]
        yield Outcome(STATUS, f"{case} {form}", f"{BATCH} {expected}", f"{words.count(expected)} {expected}")
    outcomes = []
    for folder in folders:
        crl = service.folder / "authority" / "crl" / "crl.der"
        options = ("--static", "--crl", crl, "--status-list", folder / "status.cwt", "--require-revocation")
        report = service.mdl.verify(folder / "input.cbor", service.iaca, *options)
        checks = [check for document in report["documents"] for check in document["checks"]]
        failed = [check["id"] for check in checks if check["result"] == "fail"]
        outcomes.append("valid" if report["verdict"] == "valid" else "revoked" if failed == ["status-reference"] else str(failed))
    detail = "; ".join(sorted(set(outcomes)))
    yield Outcome("mdl", case, f"{BATCH} {expected}", f"{outcomes.count(expected)} {expected}", detail)
