"""A question with its rows and what was concluded from them: the values that words, tables and plots are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.effects import find_measure
from toolkit.synthesis.harmonise import pooled_code
from toolkit.synthesis.select import Row, Selection
from toolkit.vocabulary import Method

if TYPE_CHECKING:
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

    @property
    def participants(self) -> int | None:
        """The participants of the samples used, as far as they are printed; ``None`` where none is."""
        used = self.pooled_rows or tuple(row for vote in self.votes for row in vote.rows)
        sizes: dict[str, int] = {}
        for row in used:
            if row.estimate.n_total is not None:
                sizes[row.estimate.sample] = max(int(row.estimate.n_total), sizes.get(row.estimate.sample, 0))
        return sum(sizes.values()) or None
