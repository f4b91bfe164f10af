"""The reference library: what the bibliography file holds, by key."""

from toolkit.bibliography.check import check_library
from toolkit.bibliography.cite import Citations, cite, cited
from toolkit.bibliography.formats import Collection, bibtex_text, csl_json_text, csv_text, read, ris_text
from toolkit.bibliography.imports import ImportPlan, plan_import
from toolkit.bibliography.library import Library, Reference
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Origin, Record

__all__ = [
    "Citations",
    "Collection",
    "ImportPlan",
    "Library",
    "Name",
    "Origin",
    "Record",
    "Reference",
    "bibtex_text",
    "check_library",
    "cite",
    "cited",
    "csl_json_text",
    "csv_text",
    "plan_import",
    "read",
    "ris_text",
]
