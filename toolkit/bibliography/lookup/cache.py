"""Answers of services on the disk, so that no service is asked twice for what it said lately."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from toolkit.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answer:
    """The text that a service answered with, and when."""

    text: str
    asked: datetime

    @property
    def date(self) -> str:
        """The day of the answer, as ``2026-01-31``."""
        return self.asked.date().isoformat()


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """A folder with one file an address. A file that cannot be read counts as absent."""

    folder: Path | None

    def get(self, address: str, *, days: float) -> Answer | None:
        """The answer of an address, if it is not older than some days."""
        if self.folder is None:
            return None
        try:
            kept = json.loads(self._path(address).read_bytes())
            answer = Answer(str(kept["text"]), datetime.fromisoformat(kept["asked"]))
            fresh = timedelta(0) <= datetime.now(UTC) - answer.asked <= timedelta(days=days)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return answer if fresh and kept.get("address") == address else None

    def put(self, address: str, answer: Answer) -> None:
        """Keep an answer."""
        if self.folder is not None:
            kept = {"address": address, "asked": answer.asked.isoformat(), "text": answer.text}
            write_atomically(self._path(address), json.dumps(kept).encode())

    def _path(self, address: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{hashlib.sha256(address.encode()).hexdigest()}.json"
