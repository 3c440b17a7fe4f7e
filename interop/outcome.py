"""What happened in a case, what should have, and what README.md says about the difference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).resolve().parent / "README.md"


@dataclass(frozen=True)
class Outcome:
    """One case of one library."""

    peer: str
    case: str  # what README.md calls it, such as "checks sha-384"
    expected: str
    actual: str
    detail: str = ""


@dataclass(frozen=True)
class Limitation:
    """One row of README.md's table."""

    peer: str
    case: str
    instead: str
    rule: str


def limitations() -> dict[tuple[str, str], Limitation]:
    """The rows of the table, by library and case."""
    row = re.compile(r"^\| `([^`]+)` \| (\w+) `([^`]+)` \| ([^|]+) \| ([^|]+) \|", re.MULTILINE)
    found = [
        Limitation(peer, f"{verb} {case}", instead.strip().replace("`", ""), rule.strip())
        for peer, verb, case, instead, rule in row.findall(README.read_text())
    ]
    by_case = {(limitation.peer, limitation.case): limitation for limitation in found}
    if len(by_case) != len(found):
        raise ValueError("README.md lists a case twice")
    return by_case


def judge(outcomes: list[Outcome], every_case: bool = True) -> int:
    """Prints every case and returns how many are neither right nor known; known ones that were not tried count too,
    if every case was to be."""
    known = limitations()
    wrong = 0
    for outcome in outcomes:
        limitation = known.pop((outcome.peer, outcome.case), None)
        line = f"{outcome.peer:22} {outcome.case:44} {outcome.actual}"
        if limitation is None and outcome.actual == outcome.expected:
            print(f"  ok     {line}")
        elif limitation is not None and outcome.actual == limitation.instead:
            print(f"  known  {line}; {limitation.rule}")
        else:
            wrong += 1
            expected = outcome.expected
            if limitation is not None:
                expected = f"{limitation.instead}, as README.md says; take the row out if this is right now"
            print(f"  WRONG  {line}\n         expected: {expected}\n         {outcome.detail}")
    for limitation in known.values() if every_case else ():
        wrong += 1
        print(f"  WRONG  README.md lists {limitation.peer} {limitation.case}, which was not tried")
    return wrong
