"""Citations and reference lists in a journal's style, made by pandoc's citation processor.

pandoc runs with ``--sandbox``: neither a style nor a reference can make it read a file or ask the network. The styles
are files of the Citation Style Language (CSL 1.0.2).
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from toolkit.bibliography.dates import parse_date
from toolkit.bibliography.edits import RemoveEntry
from toolkit.bibliography.formats.csl_json import csl_item
from toolkit.bibliography.latex import plain_text
from toolkit.bibliography.library import Library
from toolkit.errors import ToolkitError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from xml.etree.ElementTree import Element

    from toolkit.bibliography.record import Record

Format = Literal["text", "html", "markdown", "latex", "docx"]
_SHIPPED = {
    file.name.removesuffix(".csl"): file
    for file in sorted((files("toolkit.bibliography") / "styles").iterdir(), key=lambda file: file.name)
    if file.name.endswith(".csl")
}
STYLES = tuple(_SHIPPED)
"""The styles that come with the toolkit; their licence is beside them, in ``toolkit/bibliography/styles``."""

_WRITERS = {"text": "plain", "html": "html", "markdown": "gfm-raw_html", "latex": "latex", "docx": "docx"}
_CSL = "{http://purl.org/net/xbiblio/csl}"
_THESES = {"phdthesis": "PhD thesis", "mastersthesis": "Master's thesis"}
_SECONDS = 120
_INSTALL = (
    "install the extra, python -m pip install 'evidence-review-toolkit[publication]', or a pandoc from pandoc.org."
)


class CitationError(ToolkitError, RuntimeError):
    """Citations could not be made: no pandoc, no such style, or a style that is none."""


@dataclass(frozen=True, slots=True)
class Citations:
    """What stands in the text and what stands in the reference list.

    ``marks`` has one mark for each citation that was asked for, as it stands in the text: ``(1)``, ``(Doe, 2020a)``.
    ``bibliography`` is the list of what is cited. Both are in ``format``; of DOCX they are plain text, and
    ``document`` is the file. ``keys`` are the keys in order of appearance.
    """

    style: str
    format: Format
    keys: tuple[str, ...]
    marks: tuple[str, ...]
    bibliography: str
    document: bytes = b""

    def __str__(self) -> str:
        return self.bibliography

    def _repr_html_(self) -> str:
        from html import escape

        return self.bibliography if self.format == "html" else f"<pre>{escape(self.bibliography)}</pre>"


def cite(
    keys: str | Iterable[str | Sequence[str]],
    *,
    library: Library,
    style: str | Path = "vancouver",
    format: Format = "text",
) -> Citations:
    """Cite references in a style: the marks in the text, numbered in order of appearance, and the reference list.

    :param keys: the citations in order; each is a key, or several keys that are cited together.
    :param style: one of ``STYLES`` (``"apa"``, ``"vancouver"``), or the path of any CSL file.
    :param format: ``"text"``, ``"html"``, ``"markdown"`` (GitHub's, as notebooks take it), ``"latex"`` (for a document
        with the package hyperref) or ``"docx"``.
    :raises UnknownNameError: a key is not in the library, a format or shipped style does not exist; with suggestions.
    :raises CitationError: pandoc is missing, or the style file cannot be used.
    """
    if format not in _WRITERS:
        raise UnknownNameError("format", format, _WRITERS)
    groups = [(keys,)] if isinstance(keys, str) else [(key,) if isinstance(key, str) else tuple(key) for key in keys]
    order = tuple(dict.fromkeys(key for group in groups for key in group))
    items = [_item(library[key].record) for key in order]
    source = _style_source(style)
    if not order:
        return Citations(str(style), format, (), (), "")
    document = _processed(groups, items, source)
    cited, entries = document["blocks"][:-1], document["blocks"][-1]
    writer = "text" if format == "docx" else format
    blocks = [entries] if format == "html" else _paragraphs(entries)
    marks, listed = _written(document, cited, writer), _written(document, blocks, writer)
    whole = _pandoc(["--from=json", "--to=docx", "--output=-"], document) if format == "docx" else b""
    return Citations(str(style), format, order, _each(marks.decode(), writer), listed.decode().strip("\n"), whole)


def cited(library: Library, keys: Iterable[str]) -> Library:
    """The part of a library that is cited: the entries of ``keys`` and those they inherit from, byte for byte.

    It belongs to no file until it is written to a path.

    :raises UnknownNameError: a key is not in the library.
    """
    wanted, open_ = set(), list(keys)
    while open_:
        reference = library[open_.pop()]
        if reference.key in wanted:
            continue
        wanted.add(reference.key)
        named = [reference.own.get("crossref", ""), *reference.own.get("xdata", "").split(",")]
        by_small = {key.lower(): key for key in library} if any(named) else {}
        open_ += [by_small[name.strip().lower()] for name in named if name.strip().lower() in by_small]
    rest = library.edited(RemoveEntry(key) for key in library if key not in wanted)
    return Library.from_bytes(rest.to_bytes(), "cited.bib")


def _item(record: Record) -> dict[str, Any]:
    """A record of the library as CSL has it, with what only BibTeX has: how pandoc reads BibTeX is followed."""
    item = csl_item(record)
    other = {name.lower(): value for name, value in record.other}
    if item["type"] == "document" and record.url and not record.booktitle:
        item["type"] = "webpage"
    if item["type"] == "report" and "issue" in item:
        item["number"] = item.pop("issue")
    if "publisher" not in item and (publisher := other.get("howpublished")):
        item["publisher"] = plain_text(publisher)
    if genre := other.get("type") or _THESES.get(record.type):
        item["genre"] = plain_text(genre)
    accessed = parse_date(other.get("urldate", ""))
    if accessed.year:
        parts = (accessed.year, accessed.month, accessed.day)
        item["accessed"] = {"date-parts": [[int(part) for part in parts if part]]}
    if not re.match(r"https?://", record.url):
        item.pop("URL", None)
    item.pop("abstract", None)
    return item


def _style_source(style: str | Path) -> bytes:
    """The text of a style; pandoc is given a copy, after what is wrong with it has been told more clearly."""
    from xml.etree.ElementTree import ParseError, tostring

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    path = _SHIPPED.get(str(style)) or Path(style)
    if isinstance(style, str) and isinstance(path, Path) and not path.suffix and not path.exists():
        raise UnknownNameError("citation style", style, STYLES)
    try:
        root = fromstring(path.read_bytes(), forbid_dtd=True)
    except OSError as error:
        raise CitationError(f"The style file {path} cannot be read: {error.strerror}.") from None
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise CitationError(f"The style file {path} is no sound XML ({type(error).__name__}: {error}).") from None
    if root.tag != f"{_CSL}style":
        raise CitationError(f"{path} is no CSL style: its first element is {root.tag!r}.")
    for link in root.iterfind(f"{_CSL}info/{_CSL}link"):
        if link.get("rel") == "independent-parent":
            parent = link.get("href", "").rpartition("/")[2]
            raise CitationError(f"{path} only points to another style: give the file of {parent!r} instead.")
    _put_names_before_labels(root)
    return tostring(root, encoding="utf-8")


def _put_names_before_labels(root: Element) -> None:
    """Write down that names stand before their label where a style leaves it open.

    CSL puts a label behind the names unless it stands before ``name``; pandoc 3.9 also does so where there is no
    ``name``, and prints "editorsEdit E".
    """
    for names in root.iter(f"{_CSL}names"):
        if names.find(f"{_CSL}label") is not None and names.find(f"{_CSL}name") is None:
            names.insert(0, names.makeelement(f"{_CSL}name", {}))
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.removeprefix(_CSL)
    root.set("xmlns", _CSL.strip("{}"))


def _processed(groups: list[tuple[str, ...]], items: list[dict[str, Any]], style: bytes) -> dict[str, Any]:
    """A document of one paragraph a citation and the reference list, with all citations made."""
    note = {"citationPrefix": [], "citationSuffix": [], "citationMode": {"t": "NormalCitation"}}
    paragraphs = []
    for number, group in enumerate(groups, 1):
        parts = [{**note, "citationId": key, "citationNoteNum": number, "citationHash": 0} for key in group]
        paragraphs.append({"t": "Para", "c": [{"t": "Cite", "c": [parts, []]}]})
    references = {"t": "Div", "c": [["refs", [], []], []]}
    document = {"pandoc-api-version": [1, 23], "meta": {}, "blocks": [*paragraphs, references]}
    with TemporaryDirectory() as folder:
        bibliography, csl = Path(folder) / "references.json", Path(folder) / "style.csl"
        bibliography.write_text(json.dumps(items), encoding="utf-8")
        csl.write_bytes(style)
        options = ["--citeproc", f"--bibliography={bibliography}", f"--csl={csl}"]
        return json.loads(_pandoc(["--from=json", "--to=json", *options], document))


def _paragraphs(entries: dict[str, Any]) -> list[dict[str, Any]]:
    """The reference list as plain paragraphs: its number, a space, its text."""
    return [{"t": "Para", "c": _inlines(entry["c"][1])} for entry in entries["c"][1]]


def _inlines(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in blocks:
        if block["t"] == "Div":
            parts = _inlines(block["c"][1])
        else:
            parts = [
                part
                for item in block["c"]
                for part in (item["c"][1] if item["t"] == "Span" and "csl-" in str(item["c"][0][1]) else [item])
            ]
        found += [{"t": "Space"}, *parts] if found and parts else parts
    return found


def _written(document: dict[str, Any], blocks: list[dict[str, Any]], writer: str) -> bytes:
    return _pandoc(["--from=json", f"--to={_WRITERS[writer]}", "--wrap=none"], {**document, "blocks": blocks})


def _each(text: str, writer: str) -> tuple[str, ...]:
    """The citations of a document with one in each paragraph."""
    if writer == "html":
        return tuple(line.removeprefix("<p>").removesuffix("</p>") for line in text.splitlines() if line)
    return tuple(part.strip("\n") for part in text.split("\n\n") if part.strip())


def _pandoc(options: list[str], document: dict[str, Any]) -> bytes:
    command = [_pandoc_path(), "--sandbox", *options]
    try:
        done = subprocess.run(
            command, input=json.dumps(document).encode(), capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise CitationError(f"pandoc did not finish in {_SECONDS} seconds: cite less at once.") from None
    if done.returncode:
        message = done.stderr.decode("utf-8", "replace").strip()
        if "Incompatible API versions" in message:
            raise CitationError(f"Citations need pandoc 3, and {command[0]} is another version: {_INSTALL}")
        raise CitationError(f"pandoc could not make the citations: {message[:500]}")
    return done.stdout


def _pandoc_path() -> str:
    """The pandoc of the package pypandoc_binary, else one on the PATH."""
    try:
        import pypandoc

        return pypandoc.get_pandoc_path()
    except (ImportError, OSError):
        from shutil import which

        if (found := which("pandoc")) is not None:
            return found
    raise CitationError(f"Citations are made by pandoc, which is not installed: {_INSTALL}")
