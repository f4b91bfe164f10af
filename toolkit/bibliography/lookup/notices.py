"""Notices about a publication: what kind, of which day, and who says so.

That a publication is listed nowhere is never said to mean that it is sound: services hold what they were told, up to a
day. So the answer names the services and the day on which each was asked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

KINDS = {
    "retraction": "retraction",
    "partial_retraction": "partial retraction",
    "withdrawal": "withdrawal",
    "removal": "removal",
    "expression_of_concern": "expression of concern",
    "correction": "correction",
    "corrigendum": "correction",
    "erratum": "correction",
    "reinstatement": "reinstatement",
}
"""Kinds of notices by the names that services give them; another kind keeps its own name."""


def kind_of(name: str) -> str:
    """The kind of a notice by the name that a service gives it, in one spelling."""
    plain = "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())
    return KINDS.get(plain, plain.replace("_", " ") or "notice")


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. ``date`` is as exact as the source has it, or empty; ``notice`` is the DOI or PMID of the notice.

    ``about`` is filled where the publication that was asked for is itself the notice: it is what the notice is about.
    """

    kind: str
    date: str
    source: str
    notice: str = ""
    reason: str = ""
    about: str = ""

    def __str__(self) -> str:
        itself = f"is itself the notice ({self.kind}) about {self.about}" if self.about else self.kind
        date = f" of {self.date}" if self.date and not self.about else ""
        notice = f", see {self.notice}" if self.notice else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{itself}{date}, listed by {self.source}{notice}{reason}"


@dataclass(frozen=True, slots=True)
class NoticeReport:
    """What the sources say about one publication.

    ``asked`` holds each source with the day of its data; ``failures`` says why a source could not be asked.
    """

    identifier: str
    listed: tuple[Notice, ...]
    asked: tuple[tuple[str, str], ...]
    failures: tuple[str, ...] = ()
    key: str = ""

    def __str__(self) -> str:
        name = f"{self.key} ({self.identifier})" if self.key else self.identifier
        if self.listed:
            said = "; ".join(str(notice) for notice in self.listed)
        elif self.asked:
            said = "not listed as of " + ", ".join(f"{date} ({source})" for source, date in self.asked)
        else:
            said = "could not be looked up"
        return f"{name}: {said}" + "".join(f"; {failure}" for failure in self.failures)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {
            "key": self.key,
            "identifier": self.identifier,
            "listed": [asdict(notice) for notice in self.listed],
            "asked": [{"source": source, "as_of": date} for source, date in self.asked],
            "failures": list(self.failures),
        }
