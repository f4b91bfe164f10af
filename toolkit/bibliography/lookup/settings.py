"""What a look-up needs to know: whom a service can write to, where services are, how long to wait, how much to take."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from toolkit.bibliography.lookup.failures import LookupFailure

_CONTACT = re.compile(r"[^\s@<>\"',;:]+@[^\s@<>\"',;:]+\.[A-Za-z0-9-]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupSettings:
    """Settings of look-ups; ``from_environment`` reads those that a user sets.

    ``contact`` is the e-mail address that the services ask for, to write to whoever sends too many requests.
    ``openalex_key`` is a user's own key of OpenAlex, which raises what it answers in a day; single works need none.
    ``interval`` is the shortest time in seconds between two requests to one service, ``timeout`` the longest silence,
    ``deadline`` the longest time for one answer, ``longest_wait`` the longest ``Retry-After`` that is waited for.
    Answers are kept in ``cache`` for ``cache_days``; those about notices are asked anew after a day.
    """

    contact: str
    crossref: str = "https://api.crossref.org"
    openalex: str = "https://api.openalex.org"
    pubmed: str = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
    openalex_key: str = field(default="", repr=False)
    cache: Path | None = None
    cache_days: float = 30.0
    interval: float = 0.4
    timeout: float = 20.0
    deadline: float = 60.0
    attempts: int = 3
    first_wait: float = 1.0
    longest_wait: float = 60.0
    largest_answer: int = 10_000_000
    allow_http: bool = False

    def __post_init__(self) -> None:
        if not _CONTACT.fullmatch(self.contact):
            raise LookupFailure(
                "The services ask for a contact address, to write to whoever sends too many requests: give your e-mail "
                f"address with --contact or in EVIDENCE_CONTACT (it is {self.contact!r} now)."
            )
        for address in (self.crossref, self.openalex, self.pubmed):
            if not address.startswith(("https://", "http://") if self.allow_http else "https://"):
                raise LookupFailure(f"{address!r} is no https address, and look-ups use no other.")

    @classmethod
    def from_environment(cls, *, contact: str = "") -> LookupSettings:
        """The settings with the contact from ``EVIDENCE_CONTACT`` unless given, and the user's cache folder.

        ``EVIDENCE_CROSSREF``, ``EVIDENCE_OPENALEX`` and ``EVIDENCE_PUBMED`` name other addresses of the services, for a
        mirror or a test; ``EVIDENCE_CACHE`` names another folder, ``EVIDENCE_OPENALEX_KEY`` holds the key.

        :raises LookupFailure: there is no contact address, or an address is not https. Plain http is taken only for
            this machine itself.
        """
        from platformdirs import user_cache_path

        names = ("crossref", "openalex", "pubmed")
        given = {name: value for name in names if (value := os.environ.get(f"EVIDENCE_{name.upper()}"))}
        folder = os.environ.get("EVIDENCE_CACHE") or user_cache_path("evidence-review-toolkit") / "lookup"
        local = all(
            re.match(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]", value) for value in given.values()
        )
        key = os.environ.get("EVIDENCE_OPENALEX_KEY", "")
        settings = cls(contact=contact or os.environ.get("EVIDENCE_CONTACT", ""), openalex_key=key, cache=Path(folder))
        return replace(settings, **given, allow_http=bool(given) and local)
