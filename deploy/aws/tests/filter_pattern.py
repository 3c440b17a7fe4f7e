"""Filter patterns of CloudWatch Logs, as far as the templates use them: what a pattern makes of a CloudTrail record.

    { ($.a = "x*") && (($.b NOT EXISTS) || ($.b != "y")) }
"""

from __future__ import annotations

import fnmatch
import re
from typing import Any

_TOKEN = re.compile(r'\s*(?:(\(|\)|\{|\}|&&|\|\||!=|=|NOT EXISTS)|(\$[A-Za-z0-9_.\[\]]+)|"([^"]*)")')
# The most characters of a pattern.
LONGEST = 1024


class Malformed(Exception):
    """Not a pattern that CloudWatch Logs would take."""


def matches(pattern: str, record: dict[str, Any]) -> bool:
    """Whether `record` counts.

    A comparison with a field that is not there is false, also with `!=`: a pattern that needs it otherwise says NOT EXISTS,
    and is right whichever way CloudWatch reads the other.
    """
    if len(pattern) > LONGEST:
        raise Malformed(f"{len(pattern)} characters, {LONGEST} at most")
    parser = _Parser(_tokens(pattern))
    parser.expect("{")
    result = parser.alternatives(record)
    parser.expect("}")
    if parser.tokens:
        raise Malformed("text after the pattern")
    return result


def _tokens(pattern: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    while pattern[position:].strip():
        match = _TOKEN.match(pattern, position)
        if match is None:
            raise Malformed(pattern[position:][:40])
        sign, field, text = match.groups()
        tokens.append(("sign", sign) if sign else ("field", field) if field else ("text", text))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]):
        self.tokens = tokens

    def next(self, kind: str) -> str:
        if not self.tokens or self.tokens[0][0] != kind:
            raise Malformed(f"expected a {kind} at {self.tokens[:3]}")
        return self.tokens.pop(0)[1]

    def expect(self, sign: str) -> None:
        if (found := self.next("sign")) != sign:
            raise Malformed(f"expected {sign}, found {found}")

    def accept(self, sign: str) -> bool:
        if self.tokens and self.tokens[0] == ("sign", sign):
            self.tokens.pop(0)
            return True
        return False

    def alternatives(self, record: dict[str, Any]) -> bool:
        results = [self.conjunction(record)]
        while self.accept("||"):
            results.append(self.conjunction(record))
        return any(results)

    def conjunction(self, record: dict[str, Any]) -> bool:
        results = [self.comparison(record)]
        while self.accept("&&"):
            results.append(self.comparison(record))
        return all(results)

    def comparison(self, record: dict[str, Any]) -> bool:
        if self.accept("("):
            result = self.alternatives(record)
            self.expect(")")
            return result
        actual = _field(record, self.next("field"))
        operator = self.next("sign")
        if operator == "NOT EXISTS":
            return actual is None
        if operator not in ("=", "!="):
            raise Malformed(f"operator {operator}")
        wanted = self.next("text")
        if actual is None:
            return False
        return fnmatch.fnmatchcase(str(actual), wanted.replace("[", "[[]")) == (operator == "=")


def _field(record: Any, path: str) -> Any:
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        if index:
            record = record[int(index)] if isinstance(record, list) and int(index) < len(record) else None
        else:
            record = record.get(name) if isinstance(record, dict) else None
        if record is None:
            return None
    return record
