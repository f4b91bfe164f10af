"""Reading a file of references, whatever its format and encoding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolkit.bibliography.encoding import decode, readable
from toolkit.bibliography.formats.bibtex import read_bibtex
from toolkit.bibliography.formats.collection import Collection, Reporter
from toolkit.bibliography.formats.csl_json import read_csl_json
from toolkit.bibliography.formats.csv_table import read_csv
from toolkit.bibliography.formats.detect import detect
from toolkit.bibliography.formats.endnote_xml import read_endnote_xml
from toolkit.bibliography.formats.enw import read_enw
from toolkit.bibliography.formats.isi import read_isi
from toolkit.bibliography.formats.medline import read_medline
from toolkit.bibliography.formats.people import without_others
from toolkit.bibliography.formats.pubmed_xml import read_pubmed_xml
from toolkit.bibliography.formats.ris import read_ris

_READERS = {
    "ris": read_ris,
    "medline": read_medline,
    "isi": read_isi,
    "enw": read_enw,
    "pubmed-xml": read_pubmed_xml,
    "endnote-xml": read_endnote_xml,
    "csl-json": read_csl_json,
}


def read(path: Path | str, *, name: str | None = None, columns: Mapping[str, str] | None = None) -> Collection:
    """Read a file of references; its format is told by its content, not by its suffix. The file is only read.

    :param name: how findings call the file; by default its path as given.
    :param columns: for a CSV table, the field of each column; by default known headings.
    :raises OSError: the file cannot be opened.
    """
    return read_bytes(Path(path).read_bytes(), name=name or str(path), columns=columns)


def read_bytes(data: bytes, *, name: str, columns: Mapping[str, str] | None = None) -> Collection:
    """The records of a file's bytes, as :func:`read` gives them."""
    text, _ = decode(data)
    text = readable(text).lstrip("\ufeff")
    reporter = Reporter(name)
    if not text.strip():
        reporter.warn("empty-file", "the file is empty", "export it again")
        return Collection(name, "", findings=tuple(reporter.findings))
    format_name = "csv" if columns is not None else detect(text)
    if format_name == "bibtex":
        records, reporter = read_bibtex(data, name)
    elif format_name == "csv":
        records, reporter = read_csv(text, name, columns=columns)
    elif format_name:
        records, reporter = _READERS[format_name](text, name)
    else:
        formats = "BibTeX, RIS, MEDLINE, PubMed or EndNote XML, EndNote or Web of Science text, CSL-JSON or CSV"
        hint = f"it is no {formats}; nearly every database exports RIS"
        reporter.error("unknown-format", "nothing was read: the format is not known", hint, line=1)
        return Collection(name, "", findings=tuple(reporter.findings))
    return Collection(name, format_name, tuple(map(without_others, records)), tuple(reporter.findings))
