"""The other implementations: how each is installed, and how its program is called."""

from __future__ import annotations

import json
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Broken(Exception):
    """A program could not do its work, which says nothing about the documents."""


def call(*arguments: object, folder: Path = HERE, expect: int = 0) -> str:
    """Runs a program and returns what it printed; a status other than `expect` is `Broken`."""
    line = [str(argument) for argument in arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True)
    if done.returncode != expect:
        raise Broken(f"{' '.join(line)}\nended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


@dataclass(frozen=True)
class Peer:
    """One library: its name as its registry has it, and the program of ours that drives it."""

    name: str
    program: tuple[str, ...]

    def check(self, folders: list[Path]) -> dict[str, dict]:
        """What the peer says about each case, by the case's name."""
        lines = call(*self.program, "check", *folders).splitlines()
        outcomes = [json.loads(line) for line in lines]
        return {outcome["case"]: outcome for outcome in outcomes}

    def make(self, folder: Path) -> None:
        """Has the peer make documents from the order in `folder`."""
        call(*self.program, "make", folder)


PEERS = [
    Peer("@auth0/mdl", ("node", "node/auth0_mdl.mjs")),
    Peer("@owf/mdoc", ("node", "node/owf_mdoc.mjs")),
    # pymdoccbor warns about every chain that it was not given; `-B` leaves no compiled files behind.
    Peer("pymdoccbor", ("python/.venv/bin/python", "-B", "-W", "ignore", "python/pymdoccbor_peer.py")),
    Peer("isomdl", ("isomdl/target/debug/interop-isomdl",)),
]


def install() -> None:
    """Installs every peer from its registry in the locked versions, below this folder; fast when it is there."""
    # No package here needs a script of its own to run; without scripts nothing is compiled or downloaded by them.
    call("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=HERE / "node")
    environment = HERE / "python" / ".venv"
    if not (environment / "bin" / "python").exists():
        venv.create(environment, with_pip=True)
    pip = (environment / "bin" / "python", "-m", "pip", "install", "--quiet")
    call(*pip, "--requirement", HERE / "python" / "requirements.txt")
    call("cargo", "build", "--quiet", "--locked", "--manifest-path", HERE / "isomdl" / "Cargo.toml")
