"""A question with its rows and what was concluded from them: the values that words, tables and plots are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.effects import find_measure
from toolkit.synthesis.harmonise import pooled_code
from toolkit.synthesis.select import Row, Selection
from toolkit.vocabulary import Method, Orientation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.effects import Measure
    from toolkit.meta import MetaResult, SignTest
    from toolkit.synthesis.verdict import Verdict
    from toolkit.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class SensitivityResult:
    """A further analysis beside the planned one: what is different, why, the rows left out, result and outcome.

    ``result`` and ``outcome`` are ``None`` where too few samples are left.
    """

    name: str
    reason: str
    left_out: tuple[str, ...]
    result: MetaResult | None
    outcome: Outcome | None


@dataclass(frozen=True)
class Judged(Selection):
    """What the evidence says on one question, with everything needed to trace it.

    ``method`` is what was done; ``fallbacks`` says why it is not what was planned. ``result`` (on the analysis scale,
    running as the question asks) is there where numbers were pooled, ``sign_test`` where directions were counted.
    """

    method: Method
    verdict: Verdict
    result: MetaResult | None = None
    sign_test: SignTest | None = None
    fallbacks: tuple[str, ...] = ()
    sensitivity: tuple[SensitivityResult, ...] = ()

    @property
    def measure(self) -> Measure:
        """The measure on whose scale the question is pooled."""
        return find_measure(pooled_code(self.question.measure))

    @property
    def smallest_effect(self) -> float | None:
        """The smallest effect of interest on the analysis scale, running as the question asks."""
        smallest = self.question.smallest_effect
        return None if smallest is None else float(self.measure.transform(float(smallest)))

    @cached_property
    def pooled_rows(self) -> tuple[Row, ...]:
        """The rows of the main analysis, in the order of the result's studies; empty where nothing was pooled."""
        return tuple(row for row in self.rows if row.is_pooled) if self.method is Method.POOL else ()

    @cached_property
    def sample_sizes(self) -> Mapping[str, int | None]:
        """The participants of each sample used, as printed; ``None`` for a sample whose size is not printed."""
        used = self.pooled_rows or tuple(row for vote in self.votes for row in vote.rows)
        sizes: dict[str, int | None] = {}
        for row in used:
            size, known = row.estimate.n_total, sizes.get(row.estimate.sample)
            sizes[row.estimate.sample] = known if size is None else max(int(size), known or 0)
        return sizes

    @cached_property
    def pooled_counts(self) -> Mapping[str, tuple[float, ...]] | None:
        """Events and totals of both groups of each pooled row, as :mod:`toolkit.meta` takes them.

        Groups of a row that is printed the other way change places. ``None`` unless all rows have four counts.
        """
        if not self.pooled_rows or not all(row.estimate.has_counts for row in self.pooled_rows):
            return None
        names = ("events_1", "total_1", "events_2", "total_2")
        columns: dict[str, list[float]] = {name: [] for name in names}
        for row in self.pooled_rows:
            turned = row.estimate.orientation is Orientation.REVERSED
            for name, source in zip(names, (*names[2:], *names[:2]) if turned else names, strict=True):
                columns[name].append(float(getattr(row.estimate, source)))
        return {name: tuple(column) for name, column in columns.items()}

    @property
    def participants(self) -> int | None:
        """The participants of the samples used, of those whose size is printed; ``None`` where none is."""
        return sum(size for size in self.sample_sizes.values() if size) or None
