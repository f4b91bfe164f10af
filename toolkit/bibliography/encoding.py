"""Bytes of a bibliography to text and back, so that every byte that was read is written again.

The encoding is, in this order: what a byte order mark says; UTF-16 where every second byte is nought; UTF-8; what the
file declares (``% Encoding: ...``, as JabRef writes it); Windows-1252; Latin-1. An encoding is taken only if it gives
the same bytes back. In a file that is UTF-8 but for single bytes, those bytes are kept as they are (:pep:`383`) and
told.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from toolkit.errors import ToolkitError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"^\s*%\s*encoding\s*[:=]\s*([\w.:-]{1,40})", re.IGNORECASE | re.MULTILINE)
_HIGH = re.compile("[\u0080-\U0010ffff]")
STRAY = re.compile("[\udc80-\udcff]")
"""A byte that is no part of the encoding, as it stands in decoded text."""


class EncodingError(ToolkitError, ValueError):
    """A text cannot be stored in the encoding of its file."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes stand for text; ``mark`` is its byte order mark."""

    codec: str = "utf-8"
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """The bytes of a text.

        :raises EncodingError: the encoding has no sign for a letter; the message names it.
        """
        try:
            return self.mark + text.encode(self.codec, "surrogateescape")
        except UnicodeEncodeError as error:
            letter = text[error.start]
            raise EncodingError(
                f"{letter!r} cannot be stored in the file's encoding, {self.codec}: save the file as UTF-8 first."
            ) from None

    @property
    def is_utf8(self) -> bool:
        """Whether the file is UTF-8, with or without a mark."""
        return self.codec == "utf-8"


def decode(data: bytes) -> tuple[str, Encoding]:
    """The text of a file's bytes, and how to make the same bytes of it."""
    for mark, codec in _MARKS:
        if data.startswith(mark) and (text := _exactly(data[len(mark) :], codec)) is not None:
            return text, Encoding(codec, mark)
    if (codec := _unmarked_utf16(data)) and (text := _exactly(data, codec)) is not None:
        return text, Encoding(codec)
    if data.isascii():  # what is put into it later is to be in the encoding that it declares
        text = data.decode("ascii")
        return text, Encoding(next((codec for codec in _declared(data) if _exactly(data, codec) == text), "utf-8"))
    if (text := _exactly(data, "utf-8")) is not None:
        return text, Encoding()
    text = data.decode("utf-8", "surrogateescape")
    strays = len(STRAY.findall(text))
    if len(_HIGH.findall(text)) >= 2 * strays:
        return text, Encoding()
    for codec in (*_declared(data), "cp1252"):
        if (text := _exactly(data, codec)) is not None:
            return text, Encoding(codec)
    return data.decode("latin-1"), Encoding("latin-1")


def _unmarked_utf16(data: bytes) -> str:
    """The order of UTF-16's bytes where nearly every second one of the beginning is nought, as in Western text."""
    begin = data[:400]
    for codec, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        noughts = begin[first::2]
        if len(noughts) > 3 and noughts.count(0) > 0.8 * len(noughts) and not begin[1 - first :: 2].count(0):
            return codec
    return ""


def readable(text: str) -> str:
    """Text with the bytes that are no UTF-8 shown as Windows-1252 has them."""
    if not STRAY.search(text):
        return text
    return STRAY.sub(lambda byte: byte.group().encode("utf-8", "surrogateescape").decode("cp1252", "replace"), text)


def _exactly(data: bytes, codec: str) -> str | None:
    try:
        text = data.decode(codec)
        return text if text.encode(codec) == data else None
    except (UnicodeError, LookupError):
        return None


def _declared(data: bytes) -> list[str]:
    """The encoding that a file declares in its first lines, where Python has it as an encoding of text."""
    found = _DECLARED.search(data[:4096])
    if found is None:
        return []
    name = found.group(1).decode("ascii").lower()
    try:
        codec = codecs.lookup("cp1252" if name in {"ansi", "ansinew"} else name)
    except LookupError:
        return []
    return [codec.name] if codec._is_text_encoding else []
