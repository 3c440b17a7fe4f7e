"""What is issued, presented and altered: one licence, two sessions, and one alteration per rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cbor import Item, Tagged, decode, embedded, encode, flip, head, replace
from mdl import point_of, rfc3339

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "records"
RECORD = EXAMPLES / "erika.json"

DOC_TYPE = "org.iso.18013.5.1.mDL"
NAME_SPACE = "org.iso.18013.5.1"
AAMVA = "org.iso.18013.5.1.aamva"

# Elements, and members of their structures, with dates, which JSON cannot tell from text.
FULL_DATES = {"birth_date", "issue_date", "expiry_date"}
TDATES = {"portrait_capture_date"}

# What a holder discloses here: text, both kinds of date, a Boolean, numbers, bytes, structures.
DISCLOSED = {
    NAME_SPACE: [
        "family_name", "birth_date", "age_over_18", "height", "portrait", "portrait_capture_date",
        "driving_privileges", "issuing_country", "issuing_jurisdiction",
    ],
    AAMVA: ["DHS_compliance", "domestic_driving_privileges"],
}  # fmt: skip


def licence() -> dict:
    """The elements of the example record by name space, as `mdl verify --json` prints them."""
    elements = json.loads(RECORD.read_text())["name_spaces"]
    portrait = elements[NAME_SPACE]["portrait"]
    elements[NAME_SPACE]["portrait"] = {"hex": (EXAMPLES / portrait["file"]).read_bytes().hex()}
    return elements


def order(elements: dict, signed: datetime, valid_until: datetime) -> dict:
    """`make.json`: the record for a peer, with the types spelled out."""
    return {
        "doc_type": DOC_TYPE,
        "digest_algorithm": "SHA-256",
        "signed": rfc3339(signed),
        "valid_from": rfc3339(signed),
        "valid_until": rfc3339(valid_until),
        "elements": typed(elements),
        "disclose": DISCLOSED,
    }


def typed(value, key: str = ""):
    """Marks dates as `{"full_date": …}` and `{"tdate": …}`."""
    if isinstance(value, dict):
        return {name: typed(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [typed(item, key) for item in value]
    kind = "full_date" if key in FULL_DATES else "tdate" if key in TDATES else None
    return {kind: value} if kind else value


def proximity_transcript(device_key: Path, reader_key: Path) -> bytes:
    """The SessionTranscript of a session that began with a QR code (9.1.5.1)."""
    engagement = {0: "1.0", 1: [1, embedded(cose_key(device_key))]}
    return encode([embedded(engagement), embedded(cose_key(reader_key)), None])


def openid4vp_transcript() -> bytes:
    """The SessionTranscript of an OpenID4VP 1.0 presentation."""
    information = encode(["x509_san_dns:reader.example", "a nonce", None, "https://reader.example/response"])
    return encode([None, None, ["OpenID4VPHandover", hashlib.sha256(information).digest()]])


def cose_key(private_key: Path) -> dict:
    x, y = point_of(private_key)
    return {1: 2, -1: 1, -2: x, -3: y}


def issuer_signed_of(response: bytes) -> bytes:
    """The IssuerSigned of the first document of a response."""
    return decode(response)["documents"][0]["issuerSigned"].raw()


# Each makes a response in which exactly one rule is broken. The name is the id of the check of ours that finds it.


def alter_issuer_signature(response: bytes) -> bytes:
    return flip(document(response)["issuerSigned"]["issuerAuth"][3])


def alter_value(response: bytes) -> bytes:
    """A holder gets another name: the last letter of the first element changes."""
    return flip(items(response)[0][0])


def unknown_digest(response: bytes) -> bytes:
    """An element under a digestID that the MSO does not have."""
    item = items(response)[0]
    content = decode(item[0].bytes())
    renumbered = replace(content["digestID"], encode((1 << 31) - 1))
    return replace(item, encode(Tagged(24, renumbered)))


def unknown_name_space(response: bytes) -> bytes:
    """An element in a name space that the MSO does not have."""
    name_spaces = document(response)["issuerSigned"]["nameSpaces"]
    item = {"digestID": 0, "random": bytes(32), "elementIdentifier": "member", "elementValue": True}
    entries = b"".join(child.raw() for child in name_spaces.children)
    added = encode("org.example.forged") + encode([embedded(item)])
    return replace(name_spaces, head(5, name_spaces.argument + 1) + entries + added)


def alter_device_signature(response: bytes) -> bytes:
    return flip(document(response)["deviceSigned"]["deviceAuth"]["deviceSignature"][3])


def without_device_signed(response: bytes) -> bytes:
    """The holder leaves out that the document is his."""
    whole = document(response)
    pairs = list(zip(whole.children[::2], whole.children[1::2]))
    kept = [key.raw() + value.raw() for key, value in pairs if key.raw() != encode("deviceSigned")]
    return replace(whole, head(5, len(kept)) + b"".join(kept))


ALTERATIONS: list[tuple[str, str, Callable[[bytes], bytes]]] = [
    # case, the check of ours that fails, alteration
    ("issuer-signature", "issuer-signature", alter_issuer_signature),
    ("value-digest", "value-digest", alter_value),
    ("value-digest-present", "value-digest-present", unknown_digest),
    ("value-digest-present-name-space", "value-digest-present", unknown_name_space),
    ("device-authentication", "device-authentication", alter_device_signature),
    ("device-auth-present", "device-auth-present", without_device_signed),
]


def document(response: bytes) -> Item:
    return decode(response)["documents"][0]


def items(response: bytes) -> list[Item]:
    """The IssuerSignedItemBytes of the licence's name space."""
    return document(response)["issuerSigned"]["nameSpaces"][NAME_SPACE].children
