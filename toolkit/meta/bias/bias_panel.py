"""All methods for small-study effects and selective publication that one pooled result allows, side by side."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.bias.bias_checks import CHECKS, BiasMethod, Check, Finding
from toolkit.meta.bias.fit_check import check_fit
from toolkit.meta.display import Shown, number, studies, with_limits
from toolkit.meta.rank import is_constant
from toolkit.meta.settings import check_choice
from toolkit.meta.without_pooling.p_values import Alternative

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.meta.results import MetaResult

_FEWEST = 10
_TOO_FEW = (
    "With {k}, fewer than 10, the methods are not run: tests of funnel plot asymmetry then have too little power to "
    "tell chance from real asymmetry (Sterne et al. 2011, BMJ 343:d4002; Cochrane Handbook 13.3.5.4)."
)
_NO_FUNNEL = "All studies have the same standard error, so that nothing can depend on precision: there is no funnel."
_NO_ERROR = "The effects leave no error to judge by: they agree exactly."


@dataclass(frozen=True)
class BiasCheck:
    """One method of a panel: the ``question`` it asks, its numbers, and their ``reading`` in words.

    ``estimate``, ``ci_low`` and ``ci_high`` are on the analysis scale, None for a method that only tests, as are
    ``statistic`` and ``p_value`` for one that only corrects. The statistic is t of a regression, Kendall's tau, chi²
    (limit meta-analysis, selection model), observed over expected significant results, or a number of studies
    (fail-safe N). Where it was not computed ``reason`` says why.
    """

    method: BiasMethod
    question: str
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    reading: str = ""
    reason: str = ""


@dataclass(frozen=True, eq=False)
class BiasPanel(Shown):
    """The ``checks`` of one pooled ``result``, a method each; none, with a ``reason``, for too few studies."""

    result: MetaResult
    alternative: Alternative | None
    checks: tuple[BiasCheck, ...]
    reason: str

    def to_frame(self) -> pd.DataFrame:
        """A row a method: question, estimate, ci_low, ci_high, statistic, p_value, reading, reason."""
        import pandas as pd

        fields = list(BiasCheck.__dataclass_fields__)
        rows = [asdict(check) | {"method": str(check.method)} for check in self.checks]
        numbers = dict.fromkeys(fields[2:7], float)
        return pd.DataFrame(rows, columns=fields).astype(numbers).set_index("method")

    def _title(self) -> str:
        return f"Small-study effects and selective publication, {studies(self.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        if self.reason:
            return [("Not run", self.reason)]
        lines = []
        if self.result.x is None:
            pooled = self.result
            lines.append(("as pooled", with_limits(pooled.estimate, pooled.ci_low, pooled.ci_high, pooled.level)))
        se = np.sqrt(self.result.v)
        lines.append(("standard errors", f"{number(float(se.min()))} to {number(float(se.max()))}"))
        for check in self.checks:
            lines.append((str(check.method), f"Not computed: {check.reason}" if check.reason else check.reading))
        return lines


def bias_panel(result: MetaResult, *, alternative: str | None = None) -> BiasPanel:
    """Run every method for small-study effects and selective publication that ``result`` allows.

    The methods are those of :class:`BiasMethod`, each with its defaults and the level of ``result``. No single one
    can tell publication bias from true differences between small and large studies, and their corrections disagree
    where they rest on different assumptions: read them as a sensitivity analysis, not as a vote. A test is read as a
    sign of bias where p < 0.1. Fail-safe N comes last, with a caution (Becker 2005, in Rothstein, Sutton and
    Borenstein, Publication Bias in Meta-Analysis). ``alternative`` is the side whose results are thought to be
    published ("greater", "less", "two-sided"), for methods that go by p-values; None lets each take its default, for
    the selection model the side of the sum of the z values.

    With fewer than 10 studies nothing is run and ``reason`` says why (Sterne et al. 2011, BMJ 343:d4002). A method that
    the model or the data do not allow has its own ``reason``: of a regression those that correct a mean, of studies
    that all have the same standard error those that need a funnel plot, of own weights the selection models.

    Raises ModelInputError for an unknown alternative.
    """
    check_fit(result, "A panel of bias")
    side = None if alternative is None else check_choice(Alternative, alternative, "alternative")
    if result.k < _FEWEST:
        return BiasPanel(result, side, (), _TOO_FEW.format(k=studies(result.k)))
    spread = not is_constant(np.sqrt(result.v))
    checks = tuple(_run(method, check, result, side, spread) for method, check in CHECKS.items())
    return BiasPanel(result, side, checks, "")


def _run(method: BiasMethod, check: Check, result: MetaResult, side: Alternative | None, spread: bool) -> BiasCheck:
    if check.funnel and not spread:
        return BiasCheck(method, check.question, reason=_NO_FUNNEL)
    try:
        found = check.run(result, side)
    except (ConvergenceError, ModelInputError) as error:
        return BiasCheck(method, check.question, reason=str(error))
    numbers = _finite(found)
    if not numbers:
        return BiasCheck(method, check.question, reason=_NO_ERROR)
    return BiasCheck(method, check.question, reading=found.reading, **numbers)


def _finite(found: Finding) -> dict[str, float]:
    """The numbers that the method has; an infinite limit is none. Empty where there is no error to test against."""
    numbers = {name: value for name, value in found._asdict().items() if name != "reading" and value is not None}
    if np.isinf(numbers.get("statistic", 0.0)) or any(np.isnan(value) for value in numbers.values()):
        return {}
    return {name: float(value) for name, value in numbers.items() if np.isfinite(value)}
