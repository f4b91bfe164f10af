"""What a second, common reader makes of a library: entries that it does not see may be lost in other programs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from toolkit.errors import Finding, Severity

if TYPE_CHECKING:
    from toolkit.bibliography.library import Library


def entries_unseen_elsewhere(library: Library, *, name: str) -> list[Finding]:
    """A warning for each entry that bibtexparser's raw stack does not find as an entry, in the order of the file.

    This library keeps and reads such entries; programs that are less patient drop them, often silently.
    """
    from bibtexparser import parse_string

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what it warns of are our findings
    seen = {entry.key for entry in parse_string(library.text, parse_stack=[]).entries}
    hint = "mend what is told of it here: a space after @article, a missing comma, a field or key that stands twice"
    return [
        Finding(
            Severity.WARNING,
            name,
            "portability",
            "bibtexparser, a common reader, does not see this entry",
            hint,
            line=reference.line,
            column="key",
            value=reference.key,
            record=reference.key,
        )
        for reference in library.values()
        if reference.key not in seen
    ]
