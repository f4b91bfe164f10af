"""BibTeX files of others, read through the library; the library itself is where BibTeX is changed."""

from __future__ import annotations

from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.library import Library
from toolkit.bibliography.record import Record


def read_bibtex(data: bytes, file: str) -> tuple[list[Record], Reporter]:
    """The records of a BibTeX file; what the library finds, as an entry with a key that is taken, is told."""
    library = Library.from_bytes(data, file, name=file)
    reporter = Reporter(file)
    reporter.findings.extend(library.findings)
    return [reference.record for reference in library.values()], reporter
