"""Publication tables: one frozen value, one writer a format (CSV, Markdown, HTML, LaTeX, DOCX)."""

from toolkit.tables.table import Table
from toolkit.tables.value import Column, Footnote, RowGroup, TableError
from toolkit.tables.write import write

__all__ = ["Column", "Footnote", "RowGroup", "Table", "TableError", "write"]
