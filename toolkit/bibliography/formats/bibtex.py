"""BibTeX: files of others read, and records written, through the library, which is where BibTeX is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from toolkit.bibliography.edits import AddEntry
from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.keys import make_key
from toolkit.bibliography.library import Library
from toolkit.bibliography.record import Record

_KEY = re.compile(r"[^\s,{}\"#%~\\()=]+")


def read_bibtex(data: bytes, file: str) -> tuple[list[Record], Reporter]:
    """The records of a BibTeX file; what the library finds, as an entry with a key that is taken, is told."""
    library = Library.from_bytes(data, file, name=file)
    reporter = Reporter(file)
    reporter.findings.extend(library.findings)
    return [reference.record for reference in library.values()], reporter


def bibtex_text(records: Iterable[Record]) -> str:
    """Records as BibTeX in the library's style for new entries, under their own keys where those are free."""
    taken: set[str] = set()
    edits = []
    for record in records:
        own = _KEY.fullmatch(record.key) is not None and record.key not in taken
        key = record.key if own else make_key(record, taken=taken)
        taken.add(key)
        edits.append(AddEntry(key, record))
    return Library.from_bytes(b"").edited(edits).text
