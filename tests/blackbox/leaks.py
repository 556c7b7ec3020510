"""Looks for secrets in whatever was written down, in every form in which one may have been, whole or in part."""

import base64
import json
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

# So many characters of a secret in a row are a leak. Of some, people are shown the first sixteen, to know them by.
PART = 16


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def base64_within(behind: int, altchars: bytes = b"+/") -> Callable[[str], bytes]:
    """The Base64 of a text that stands behind so many other bytes, as far as they make no difference."""

    def encode(text: str) -> bytes:
        whole = base64.b64encode(b"\0" * behind + text.encode(), altchars)
        beginning = -(-behind * 8 // 6)
        return whole.rstrip(b"=")[beginning + (behind > 0) : -1]

    return encode


# Each writes a text down in a way of its own.
FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "upper case": lambda text: text.upper().encode(),
    "backwards": lambda text: text[::-1].encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "upper hex": lambda text: text.encode().hex().upper().encode(),
    "percent": lambda text: percent(text).encode(),
    "lower percent": lambda text: percent(text).lower().encode(),
    "quoted": lambda text: quote(text, safe="").encode(),
    "twice quoted": lambda text: quote(quote(text, safe=""), safe="").encode(),
    "json": lambda text: json.dumps(text)[1:-1].encode(),
    "twice json": lambda text: json.dumps(json.dumps(text))[3:-3].encode(),
    "escaped": lambda text: "".join(f"\\u{ord(character):04x}" for character in text).encode(),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    **{f"base64 + {behind}": base64_within(behind) for behind in range(3)},
    **{f"base64url + {behind}": base64_within(behind, b"-_") for behind in range(3)},
}


@dataclass
class Leaks:
    """Secrets, by what they are called, and how to look for them."""

    secrets: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, secret: str) -> str:
        """Takes note of a secret, and returns it."""
        assert len(secret) > PART, f"{name} is too short to be looked for"
        self.secrets[name] = secret
        self.__dict__.pop("parts", None)
        self.__dict__.pop("words", None)
        return secret

    @cached_property
    def parts(self) -> dict[int, dict[bytes, str]]:
        """What is looked for, by its length: every part of every form. The first character alone makes no part."""
        parts: dict[int, dict[bytes, str]] = {}
        for name, secret in self.secrets.items():
            for form, write in FORMS.items():
                written = write(secret[1:])
                # Of Base64 some bits belong to what stands before and behind.
                size = max(PART, len(written) * PART // len(secret) - 2)
                of_size = parts.setdefault(size, {})
                for at in range(max(1, len(written) - size + 1)):
                    of_size.setdefault(written[at : at + size], f"{name}, {form}")
        return parts

    @cached_property
    def words(self) -> set[int]:
        """Each eight bytes in a row of each part. Wherever a part stands in a text, one of them is a word of it."""
        parts = [part for of_size in self.parts.values() for part in of_size]
        return {int.from_bytes(part[at : at + 8], sys.byteorder) for part in parts for at in range(len(part) - 7)}

    def found_in(self, place: str, text: bytes | str) -> list[str]:
        """Each secret that a text has a part of, with what stands around it."""
        text = text.encode() if isinstance(text, str) else text
        words = array("Q", text + bytes(-len(text) % 8))
        found: dict[str, str] = {}
        for at in (8 * number for number, word in enumerate(words) if word in self.words):
            for size, parts in self.parts.items():
                for start in range(max(0, at + 8 - size), at + 1):
                    if name := parts.get(text[start : start + size]):
                        around = text[max(0, start - 200) : start + size + 60]
                        found.setdefault(name, f"{name}, in {place}: {around!r}")
        return list(found.values())
