"""DOIs and PMIDs in one spelling each, so that they can be compared and put into an address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolkit.bibliography.lookup.failures import MalformedIdentifierError

_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/[^\s\x00-\x1f]{1,2000})", re.IGNORECASE)
_PMID = re.compile(r"(?:https?://pubmed\.ncbi\.nlm\.nih\.gov/|pmid:\s*)?([1-9]\d{0,8})/?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A DOI (lower case, since DOIs are compared without regard to case: DOI Handbook 2.4) or a PMID."""

    kind: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Identifier:
        """Read a DOI or PMID, bare, with its prefix or as an address.

        :raises MalformedIdentifierError: the text is neither.
        """
        text = text.strip()
        if found := _DOI.fullmatch(text):
            return cls("doi", found.group(1).lower())
        if found := _PMID.fullmatch(text):
            return cls("pmid", found.group(1))
        raise MalformedIdentifierError(
            f"{text[:80]!r} is neither a DOI nor a PMID: write a DOI as 10.1000/xyz123, a PMID as up to 9 digits."
        )

    @classmethod
    def find(cls, *texts: str) -> Identifier | None:
        """The first of some texts that is a DOI or PMID."""
        for text in texts:
            try:
                return cls.parse(text)
            except MalformedIdentifierError:
                continue
        return None

    def __str__(self) -> str:
        return self.value if self.kind == "doi" else f"PMID {self.value}"
