"""The tables that a review needs, made from its syntheses."""

from toolkit.tables.contents.evidence import evidence_table, left_out_table, source_table, trace_table
from toolkit.tables.contents.printed import result_as_printed
from toolkit.tables.contents.results import comparison_table, verdict_table
from toolkit.tables.contents.robustness import all_estimates_table, bias_table, counts_table

__all__ = [
    "all_estimates_table",
    "bias_table",
    "comparison_table",
    "counts_table",
    "evidence_table",
    "left_out_table",
    "result_as_printed",
    "source_table",
    "trace_table",
    "verdict_table",
]
