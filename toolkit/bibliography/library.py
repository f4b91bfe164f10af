"""The reference library, read by bibtexparser's raw stack: nothing is normalised, dropped or written."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from toolkit.bibliography.latex import plain_text
from toolkit.bibliography.names import family_names
from toolkit.errors import Finding, Severity, UnknownNameError


@dataclass(frozen=True)
class Reference:
    """An entry of the library: its key, its type (lower case) and its fields as they stand, outer braces removed."""

    key: str
    type: str
    fields: Mapping[str, str]
    line: int

    def text(self, name: str) -> str:
        """A field as plain text, LaTeX decoded; empty where there is none."""
        return plain_text(self.fields.get(name, ""))

    @property
    def year(self) -> str:
        """The year of publication as printed, or ``n.d.``."""
        found = re.search(r"\d{4}", self.fields.get("year", "") or self.fields.get("date", ""))
        return found.group() if found else "n.d."

    @cached_property
    def short(self) -> str:
        """The citation as it stands in running text: ``Huang et al. 2011``."""
        families = family_names(self.fields.get("author", "") or self.fields.get("editor", ""))
        if not families:
            authors = self.text("title").split(":")[0] or self.key
        elif len(families) > 2:
            authors = f"{families[0]} et al."
        else:
            authors = " and ".join(families)
        return f"{authors} {self.year}"

    @property
    def url(self) -> str:
        """Where the reference can be found: its DOI as an address, else its own http(s) address, else nothing."""
        if doi := self.fields.get("doi", ""):
            return f"https://doi.org/{doi}"
        address = re.sub(r"\\([_%&#~])", r"\1", self.fields.get("url", ""))
        return address if re.match(r"https?://", address) else ""

    @property
    def keywords(self) -> frozenset[str]:
        """The keywords of the entry."""
        return frozenset(word.strip() for word in re.split(r"[,;]", self.fields.get("keywords", "")) if word.strip())


@dataclass(frozen=True)
class Library(Mapping[str, Reference]):
    """The references of a file by key, in file order, with the findings made while reading."""

    path: Path
    references: Mapping[str, Reference]
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @classmethod
    def read(cls, path: Path | str, *, name: str | None = None) -> Library:
        """Read a BibTeX file (UTF-8). Entries that cannot be parsed become findings with their line.

        :param name: how findings call the file; by default its path as given.
        """
        path = Path(path)
        name = name or str(path)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return cls(
                path, {}, (Finding(Severity.ERROR, name, "missing-file", "the file is missing", "restore it from git"),)
            )
        except UnicodeDecodeError as error:
            hint = "save it as UTF-8"
            return cls(
                path, {}, (Finding(Severity.ERROR, name, "encoding", "is not UTF-8", hint, value=str(error.reason)),)
            )
        references, findings = _parse(text, name)
        return cls(path, references, tuple(findings))

    def __getitem__(self, key: str) -> Reference:
        try:
            return self.references[key]
        except KeyError:
            raise UnknownNameError("reference", key, self.references) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.references)

    def __len__(self) -> int:
        return len(self.references)


def _parse(text: str, name: str) -> tuple[dict[str, Reference], list[Finding]]:
    from bibtexparser import parse_string
    from bibtexparser.model import DuplicateBlockKeyBlock

    logging.getLogger("bibtexparser").setLevel(logging.ERROR)  # its warnings become our findings
    library = parse_string(text, parse_stack=[])
    references = {
        entry.key: Reference(
            entry.key,
            entry.entry_type.lower(),
            {part.key.lower(): _without_delimiters(str(part.value)) for part in entry.fields},
            (entry.start_line or 0) + 1,
        )
        for entry in library.entries
    }
    findings = []
    for block in library.failed_blocks:
        line = (block.start_line or 0) + 1
        if isinstance(block, DuplicateBlockKeyBlock):
            message, hint = "the key stands in the file already", "give the entry a key of its own, or delete the copy"
            rule, value = "duplicate-key", block.key
        else:
            message, hint = (
                "the entry cannot be parsed",
                "look for a missing comma, brace or quote, or a repeated field",
            )
            rule, value = "bibtex", (block.raw or "").strip().splitlines()[0][:60]
        findings.append(Finding(Severity.ERROR, name, rule, message, hint, line=line, value=value, record=value))
    return references, findings


def _without_delimiters(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and (value[0] + value[-1]) in ("{}", '""'):
        value = value[1:-1]
    return re.sub(r"\s+", " ", value).strip()
