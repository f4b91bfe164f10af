"""The controlled terms of the records, as enums: text from a file becomes a member at the border and stays one.

Each class says what its terms mean, because `evidence check` and the data dictionary show these words to people.
"""

from __future__ import annotations

from enum import StrEnum


class ClaimKind(StrEnum):
    """Empirical claims are tested with data; normative ones through the empirical claims that they rest on."""

    EMPIRICAL = "empirical"
    NORMATIVE = "normative"
    MIXED = "mixed"


class ClaimForm(StrEnum):
    """Directional: an effect in a stated direction. Negligible: the claim says that an effect is small."""

    DIRECTIONAL = "directional"
    NEGLIGIBLE = "negligible"


class Theme(StrEnum):
    """The subject under which a claim or a question is shown; one notebook each."""

    TRAUMA = "trauma and dependence"
    DETERRENCE = "deterrence effects"
    LIVELIHOODS = "livelihoods"
    EXCLUSION = "exclusion"
    REMEDIES = "remedies"
    ALL = "all"


class Prediction(StrEnum):
    """What the claim predicts for the outcome with the exposure; the negligible forms deny such an effect."""

    INCREASE = "increase"
    DECREASE = "decrease"
    NEGLIGIBLE_INCREASE = "negligible-increase"
    NEGLIGIBLE_DECREASE = "negligible-decrease"

    @property
    def is_negligible(self) -> bool:
        """Whether the claim says that the effect is too small to matter."""
        return self in (Prediction.NEGLIGIBLE_INCREASE, Prediction.NEGLIGIBLE_DECREASE)

    @property
    def sign(self) -> int:
        """+1 where the effect spoken of (predicted or denied) is an increase of the outcome, -1 for a decrease."""
        return 1 if self in (Prediction.INCREASE, Prediction.NEGLIGIBLE_INCREASE) else -1


class QuestionMeasure(StrEnum):
    """The scale on which a question's results are pooled; ``log-ratio`` pools ratios of different kinds."""

    OR = "OR"
    RR = "RR"
    HR = "HR"
    IRR = "IRR"
    RD = "RD"
    SMD = "SMD"
    R = "R"
    PROP = "PROP"
    LOG_RATIO = "log-ratio"


class EstimateMeasure(StrEnum):
    """The measure of a printed value: ratios, differences, correlations, proportions, coefficients."""

    OR = "OR"
    RR = "RR"
    HR = "HR"
    IRR = "IRR"
    RD = "RD"
    MD = "MD"
    SMD = "SMD"
    R = "R"
    PROP = "PROP"
    COEF = "COEF"

    @property
    def is_ratio(self) -> bool:
        """Whether the measure is a ratio, analysed on the log scale."""
        return self in RATIOS


RATIOS = frozenset({EstimateMeasure.OR, EstimateMeasure.RR, EstimateMeasure.HR, EstimateMeasure.IRR})


class Method(StrEnum):
    """The planned synthesis: pool numbers, count directions, or describe."""

    POOL = "pool"
    DIRECTION = "direction"
    DESCRIBE = "describe"


class Role(StrEnum):
    """What a row is for.

    primary: the one row of a sample in the question's main analysis. additional: other usable rows of the same
    samples. direction: a direction without a usable number. review: a published pooled result, to compare with.
    context: a descriptive figure, shown and never pooled.
    """

    PRIMARY = "primary"
    ADDITIONAL = "additional"
    DIRECTION = "direction"
    REVIEW = "review"
    CONTEXT = "context"


class Status(StrEnum):
    """How a figure came here.

    verified: seen at its source. derived: simple arithmetic on printed figures, the note says which. computed:
    computed from public data named in the note, not a published estimate. recalled: not seen again at a source.
    """

    VERIFIED = "verified"
    DERIVED = "derived"
    COMPUTED = "computed"
    RECALLED = "recalled"


class Design(StrEnum):
    """The design of a study, or of the analysis that a row reports."""

    RANDOMISED_TRIAL = "randomised-trial"
    AUDIT_EXPERIMENT = "audit-experiment"
    QUASI_EXPERIMENT = "quasi-experiment"
    COHORT = "cohort"
    CASE_CONTROL = "case-control"
    CROSS_SECTIONAL = "cross-sectional"
    TIME_SERIES = "time-series"
    ECOLOGICAL = "ecological"
    MODELLING = "modelling"
    QUALITATIVE = "qualitative"
    REVIEW = "review"
    OTHER = "other"

    @property
    def words(self) -> str:
        """The design as it is written in a sentence."""
        compounds = (Design.QUASI_EXPERIMENT, Design.CASE_CONTROL, Design.CROSS_SECTIONAL)
        return self.value if self in compounds else self.value.replace("-", " ")


class Adjusted(StrEnum):
    """Whether the figure is adjusted for confounders."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"
    NOT_APPLICABLE = "not-applicable"


class Orientation(StrEnum):
    """Whether the printed contrast runs as the question asks, or the other way and has to be turned."""

    AS_ASKED = "as-asked"
    REVERSED = "reversed"


class EffectDirection(StrEnum):
    """Where a finding points, relative to the claim."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    NO_DIFFERENCE = "no-difference"
    UNCLEAR = "unclear"


MANY_COUNTRIES = "XM"
"""The country code for more countries than are worth listing; ISO 3166 leaves XA to XZ to users."""

NO_SAMPLE = "none"
"""The sample of a row that rests on no people of its own: a review, a model, a statement of context."""


class Outcome(StrEnum):
    """What a question's evidence says of its claim, by the rule that was written down before pooling."""

    CLEARLY_SUPPORTED = "clearly supported"
    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    TOO_SMALL = "too small to matter"
    INCONCLUSIVE = "inconclusive"
    DIRECTION_SUPPORTS = "direction supports"
    DIRECTION_CONTRADICTS = "direction contradicts"
    DIRECTION_INCONCLUSIVE = "direction inconclusive"
    DESCRIBED = "described, not tested"
    NO_EVIDENCE = "no usable evidence"
