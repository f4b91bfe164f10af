"""A study: one piece of research on one sample, with the reports that describe it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from toolkit.records.fields import Count, Countries, Identifier, Record, Text
from toolkit.vocabulary import Design


class Study(Record):
    """A row of ``data/studies.csv``.

    A cell of ``sample`` to ``n_total`` that is empty here is given row by row in ``estimates.csv``, because the
    study's analyses differ in it.
    """

    study: Annotated[Identifier, Field(description="key of the study")]
    references: Annotated[Text, Field(description="keys of its reports in references/library.bib, ; between")]
    sample: Annotated[
        Identifier | None,
        Field(
            description="the people or data source; studies that share one are dependent, `none` where there is none"
        ),
    ] = None
    design: Annotated[Design | None, Field(description="study design")] = None
    country: Annotated[Countries | None, Field(description="ISO 3166 alpha-2, ; between, XM for many")] = None
    setting: Annotated[Text | None, Field(description="where the study took place")] = None
    population: Annotated[Text | None, Field(description="whom the study is about")] = None
    n_total: Annotated[Count | None, Field(description="participants (units) of the study")] = None

    @property
    def reference_keys(self) -> tuple[str, ...]:
        """The keys of the study's reports."""
        return tuple(key.strip() for key in self.references.split(";"))


INHERITED = ("sample", "design", "country", "setting", "population", "n_total")
"""The columns of an estimate that are taken from its study where the estimate's own cell is empty."""
