"""OpenSSL on what `mdl` wrote: chains, CRLs, certification requests. (Keys are read wherever a peer needs one.)"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from mdl import Authority
from outcome import Outcome


def outcomes(authority: Authority, work: Path) -> Iterator[Outcome]:
    """Each must be as OpenSSL says: a good signer verifies, a revoked one does not, and so on."""
    iaca = authority.iaca
    signer = authority.folder / "ds" / "ds-1"
    certificate = signer / "certificate.pem"

    def said(case: str, good: bool, *arguments: object) -> Outcome:
        line = ["openssl", *(str(argument) for argument in arguments)]
        done = subprocess.run(line, capture_output=True, text=True)
        actual = "accepts" if done.returncode == 0 else "rejects"
        return Outcome("openssl", f"checks {case}", "accepts" if good else "rejects", actual, done.stderr.strip())

    yield said("request", True, "req", "-verify", "-noout", "-in", signer / "request.pem")
    # Strict, but for the critical key purpose of Annex B, which OpenSSL knows by number only.
    chain = ("verify", "-x509_strict", "-ignore_critical", "-check_ss_sig", "-CAfile", iaca)
    yield said("document-signer", True, *chain, certificate)

    crl = build_crl(authority)
    yield said("crl", True, "crl", "-verify", "-noout", "-CAfile", iaca, "-in", crl)
    yield said("document-signer-with-crl", True, *chain, "-crl_check", "-CRLfile", crl, certificate)

    crl = build_crl(authority, "--revoke", "ds-1")
    yield said("crl-with-entry", True, "crl", "-verify", "-noout", "-CAfile", iaca, "-in", crl)
    yield said("revoked-document-signer", False, *chain, "-crl_check", "-CRLfile", crl, certificate)

    stranger = work / "stranger" / "iaca" / "certificate.pem"
    yield said("document-signer-of-a-stranger", False, "verify", "-ignore_critical", "-CAfile", stranger, certificate)


def build_crl(authority: Authority, *options: object) -> Path:
    authority.run("crl", "build", *options)
    return authority.folder / "crl" / "crl.pem"
