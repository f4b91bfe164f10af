"""Everything that is made from a review: figures, tables, executed notebooks; only what changed is made again."""

from toolkit.report.build import BuildSummary, build

__all__ = ["BuildSummary", "build"]
