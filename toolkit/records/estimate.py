"""An estimate: one figure of one study for one question, with the place where it was read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from toolkit.records.fields import Count, Countries, Identifier, Number, PValue, Record, Text, WebAddress
from toolkit.vocabulary import Adjusted, Design, EffectDirection, EstimateMeasure, Orientation, Role, Status

_AS_STUDY = "; empty: as in studies.csv"


class Estimate(Record):
    """A row of ``data/estimates.csv``: the figures stand as printed, on the natural scale (ratios not logged).

    Group 1 is the exposed or treated one. The analysis scale (log for ratios) is computed, never stored.
    """

    estimate: Annotated[Identifier, Field(description="key of the row")]
    question: Annotated[Identifier, Field(description="key of the question in questions.toml")]
    study: Annotated[Identifier, Field(description="key of the study in studies.csv")]
    reference: Annotated[
        Identifier,
        Field(description="key of the report in references/library.bib (of the review where a study has none)"),
    ]
    read_in: Annotated[
        Identifier | None, Field(description="key of the review in which the figure was read, where not in the report")
    ] = None
    role: Annotated[Role, Field(description="what the row is for")]
    sample: Annotated[Identifier, Field(description="people or data source" + _AS_STUDY)]
    design: Annotated[Design, Field(description="design of the analysis" + _AS_STUDY)]
    country: Annotated[Countries, Field(description="ISO 3166 alpha-2, ; between, XM for many" + _AS_STUDY)]
    setting: Annotated[Text | None, Field(description="where" + _AS_STUDY)] = None
    population: Annotated[Text, Field(description="who" + _AS_STUDY)]
    n_total: Annotated[Count | None, Field(description="participants (units) in the analysis" + _AS_STUDY)] = None
    exposure: Annotated[Text, Field(description="exposure or intervention (group 1)")]
    comparator: Annotated[Text | None, Field(description="comparison (group 2)")] = None
    outcome: Annotated[Text, Field(description="outcome as measured")]
    measure: Annotated[EstimateMeasure | None, Field(description="measure of the printed value")] = None
    value: Annotated[Number | None, Field(description="value as printed, natural scale")] = None
    ci_low: Annotated[Number | None, Field(description="lower confidence limit as printed")] = None
    ci_high: Annotated[Number | None, Field(description="upper confidence limit as printed")] = None
    ci_level: Annotated[Number | None, Field(description="confidence level, per cent", ge=50, lt=100)] = None
    se: Annotated[
        Number | None, Field(description="standard error as printed (COEF, MD, SMD; never of a ratio)", gt=0)
    ] = None
    p_value: Annotated[PValue | None, Field(description="p-value as printed, may be a bound such as <0.01")] = None
    events_1: Annotated[Count | None, Field(description="events in group 1 (exposed or treated)")] = None
    total_1: Annotated[Count | None, Field(description="people in group 1")] = None
    events_2: Annotated[Count | None, Field(description="events in group 2")] = None
    total_2: Annotated[Count | None, Field(description="people in group 2")] = None
    mean_1: Annotated[Number | None, Field(description="mean in group 1")] = None
    sd_1: Annotated[Count | None, Field(description="standard deviation in group 1")] = None
    mean_2: Annotated[Number | None, Field(description="mean in group 2")] = None
    sd_2: Annotated[Count | None, Field(description="standard deviation in group 2")] = None
    time_1: Annotated[Count | None, Field(description="person-time in group 1")] = None
    time_2: Annotated[Count | None, Field(description="person-time in group 2, same unit")] = None
    adjusted: Annotated[Adjusted, Field(description="adjusted for confounders")]
    adjusted_for: Annotated[Text | None, Field(description="covariates; empty: not seen")] = None
    orientation: Annotated[Orientation, Field(description="whether the contrast runs as the question asks")]
    direction: Annotated[EffectDirection, Field(description="where the finding points, relative to the claim")]
    status: Annotated[Status, Field(description="how the figure came here")]
    source_url: Annotated[WebAddress | None, Field(description="address at which the figure was seen")] = None
    source_locator: Annotated[Text | None, Field(description="place in the source: page, table, section")] = None
    note: Annotated[Text | None, Field(description="what a reader has to know about the figure")] = None

    @property
    def has_interval(self) -> bool:
        """Whether a value with both confidence limits is printed."""
        return self.value is not None and self.ci_low is not None and self.ci_high is not None

    @property
    def has_counts(self) -> bool:
        """Whether the four cells of a two-by-two table are known."""
        return None not in (self.events_1, self.total_1, self.events_2, self.total_2)

    @property
    def has_rates(self) -> bool:
        """Whether events and person-time of both groups are known."""
        return None not in (self.events_1, self.time_1, self.events_2, self.time_2)

    @property
    def has_means(self) -> bool:
        """Whether means, standard deviations and sizes of both groups are known."""
        return None not in (self.mean_1, self.sd_1, self.total_1, self.mean_2, self.sd_2, self.total_2)
