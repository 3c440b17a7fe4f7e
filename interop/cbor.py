"""As much CBOR (RFC 8949) as the driver needs: building transcripts, and altering documents byte by byte.

Altering works on the received bytes: an `Item` knows where it begins and ends, so that everything around an alteration
stays as its maker wrote it. Definite lengths only, which is all that the documents exchanged here use.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class Tagged:
    """A tag and its content, for `encode`."""

    def __init__(self, number: int, content):
        self.number, self.content = number, content


def head(major: int, argument: int) -> bytes:
    """The shortest head of a data item."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * width:
            return bytes([major << 5 | code]) + argument.to_bytes(width, "big")
    raise ValueError(f"{argument} does not fit into a CBOR head")


def encode(value) -> bytes:
    """Encodes None, bool, int, bytes, str, list, dict and `Tagged`."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(encode(item) for item in value)
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(encode(key) + encode(item) for key, item in value.items())
    if isinstance(value, Tagged):
        return head(6, value.number) + encode(value.content)
    raise TypeError(type(value))


def embedded(value) -> Tagged:
    """`#6.24(bstr .cbor value)`."""
    return Tagged(24, encode(value))


@dataclass
class Item:
    """One data item of `data`: `data[start:end]`, its content from `content` on."""

    data: bytes
    start: int
    content: int
    end: int
    major: int
    argument: int
    children: list[Item] = field(default_factory=list)

    def raw(self) -> bytes:
        return self.data[self.start : self.end]

    def bytes(self) -> bytes:
        return self.data[self.content : self.end]

    def __getitem__(self, key) -> Item:
        """The entry of a map by text or integer key, or of an array or tag by index."""
        if self.major != 5:
            return self.children[key]
        wanted = encode(key)
        for name, value in zip(self.children[::2], self.children[1::2]):
            if name.raw() == wanted:
                return value
        raise KeyError(key)


def decode(data: bytes, start: int = 0) -> Item:
    """Decodes the item at `start`, with the positions of everything in it."""
    major, info = data[start] >> 5, data[start] & 31
    content = start + 1
    argument = info
    if 24 <= info <= 27:
        content += 1 << info - 24
        argument = int.from_bytes(data[start + 1 : content], "big")
    elif info > 27:
        raise ValueError(f"indefinite length at {start}")
    item = Item(data, start, content, content, major, argument)
    if major in (2, 3):
        item.end = content + argument
    elif major in (4, 5, 6):
        count = {4: argument, 5: 2 * argument, 6: 1}[major]
        for _ in range(count):
            item.children.append(decode(data, item.end))
            item.end = item.children[-1].end
    return item


def replace(item: Item, new: bytes) -> bytes:
    """The data with `item` replaced; no byte string may be around it, as that would carry its length."""
    return item.data[: item.start] + new + item.data[item.end :]


def flip(item: Item, position: int = -1) -> bytes:
    """The data with the lowest bit of one byte of a string's content flipped; its length stays."""
    at = (item.end if position < 0 else item.content) + position
    return item.data[:at] + bytes([item.data[at] ^ 1]) + item.data[at + 1 :]
