"""The errors that the toolkit raises, and the finding that a check reports.

An error stops work and says what to do; a finding is one line of a report that goes on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class ToolkitError(Exception):
    """The base of all errors that the toolkit raises on purpose."""


class ReviewNotFoundError(ToolkitError, FileNotFoundError):
    """No review was found in a folder or in any folder above it."""


class InvalidReviewError(ToolkitError, ValueError):
    """The files of a review hold errors; ``findings`` lists all of them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        errors = [finding for finding in self.findings if finding.severity is Severity.ERROR]
        shown = "\n".join(f"  {finding}" for finding in errors[:10])
        more = f"\n  ... and {len(errors) - 10} more" if len(errors) > 10 else ""
        number = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__(f"The review holds {number}; `evidence check` lists all of them:\n{shown}{more}")


class UnknownNameError(ToolkitError, KeyError):
    """A claim, question, study, estimate or reference was asked for that the review does not hold."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"There is no {kind} {name!r}.{suggestion(str(name), known)}")

    def __str__(self) -> str:
        # KeyError would show the message in quotes.
        return str(self.args[0])


class ModelInputError(ToolkitError, ValueError):
    """The numbers given to an effect size or a model cannot be used; the message says which rows and why."""


class ConvergenceError(ToolkitError, ArithmeticError):
    """A model's fit did not converge; the message says what was tried."""


class OutputFolderError(ToolkitError, ValueError):
    """What is built was to be written where it would overwrite the review's own files."""


class NotebookError(ToolkitError, RuntimeError):
    """A notebook failed; the message names the notebook, the cell and the reason."""


class Severity(StrEnum):
    """How much a finding matters: an error makes a review unusable, a warning wants a person's eye."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found: where it stands, what is there, which rule it breaks and what to do.

    ``line`` counts from 1 as an editor does; ``column`` is the name of a column, field or key; ``record`` is the
    identifier of the row where it has one.
    """

    severity: Severity
    file: str
    rule: str
    message: str
    hint: str = ""
    line: int | None = None
    column: str = ""
    value: str = ""
    record: str = ""

    def __str__(self) -> str:
        place = self.file + (f":{self.line}" if self.line else "") + (f" {self.column}" if self.column else "")
        record = f" (row {self.record})" if self.record else ""
        hint = f": {self.hint}" if self.hint else ""
        return f"{place}: {self.message}{record}{hint}"

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain values, for JSON and for data frames."""
        return {name: str(value) if isinstance(value, StrEnum) else value for name, value in asdict(self).items()}


def suggestion(name: object, known: Iterable[str]) -> str:
    """A sentence that offers the known names nearest to a mistyped one, or an empty string."""
    near = get_close_matches(str(name), [str(item) for item in known], n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(item) for item in near)}?" if near else ""
