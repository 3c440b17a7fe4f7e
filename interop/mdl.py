"""Our side: an authority, documents, presentations and verdicts, all through the `mdl` command."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from peers import Broken, call

PASSPHRASE = "not a secret: the keys live as long as the test"


def rfc3339(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Mdl:
    """The `mdl` command."""

    program: Path

    def __call__(self, *arguments: object, folder: Path, statuses: tuple[int, ...] = (0,)) -> str:
        line = [str(self.program), *(str(argument) for argument in arguments)]
        environment = {**os.environ, "MDL_PASSPHRASE": PASSPHRASE}
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, env=environment)
        if done.returncode not in statuses:
            raise Broken(f"{' '.join(line)}\nended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def verify(self, document: Path, iaca: Path, *options: object) -> dict:
        """The report of `mdl verify --json`, whatever its verdict."""
        out = self("verify", "--iaca", iaca, *options, "--json", document, folder=document.parent, statuses=(0, 1))
        return json.loads(out)


@dataclass(frozen=True)
class Authority:
    """An issuing authority that `mdl` keeps in a folder."""

    mdl: Mdl
    folder: Path

    @classmethod
    def create(cls, mdl: Mdl, folder: Path, since: datetime) -> Authority:
        """A root that is valid since then, so that documents of some days ago can be issued too."""
        folder.mkdir(parents=True)
        authority = cls(mdl, folder)
        authority.run(
            "iaca", "init", "--country", "US", "--state", "US-CA", "--name", "Example IACA",
            "--contact", "iaca@dmv.example", "--crl-url", "https://dmv.example/crl.der", "--at", rfc3339(since),
        )  # fmt: skip
        return authority

    def run(self, *arguments: object) -> str:
        return self.mdl(*arguments, "--authority", self.folder, folder=self.folder)

    @property
    def iaca(self) -> Path:
        return self.folder / "iaca" / "certificate.pem"

    def document_signer(self, name: str, since: datetime, curve: str = "P-256") -> Path:
        """Certifies a new key; returns its folder, with the key also in the clear for the peers."""
        self.run("ds", "issue", name, "--curve", curve, "--at", rfc3339(since))
        folder = self.folder / "ds" / name
        decrypt(folder / "key.pem", folder / "clear_key.pem")
        return folder

    def issue(self, out: Path, record: Path, device_key: Path, at: datetime, *options: object) -> Path:
        self.run(
            "issue", "--record", record, "--device-key", device_key, "--at", rfc3339(at), "--out", out, *options,
        )  # fmt: skip
        return out

    def present(self, out: Path, issuer_signed: Path, device_key: Path, transcript: Path, *options: object) -> Path:
        self.mdl(
            "present", "--issuer-signed", issuer_signed, "--device-key", device_key, "--session-transcript",
            transcript, "--out", out, *options, folder=out.parent,
        )  # fmt: skip
        return out


def decrypt(encrypted: Path, clear: Path) -> None:
    """Has OpenSSL read a key file of ours."""
    call("openssl", "pkcs8", "-in", encrypted, "-passin", f"pass:{PASSPHRASE}", "-out", clear)


def make_key(path: Path, curve: str = "P-256") -> Path:
    """A key that `mdl` has not made: PKCS#8 in PEM."""
    if curve == "Ed25519":
        call("openssl", "genpkey", "-algorithm", "ed25519", "-out", path)
    else:
        call("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", path)
    return path


def point_of(private_key: Path) -> tuple[bytes, bytes]:
    """The coordinates of a P-256 key."""
    spki = subprocess.run(
        ["openssl", "pkey", "-in", private_key, "-pubout", "-outform", "DER"], capture_output=True, check=True
    ).stdout
    return spki[-64:-32], spki[-32:]
