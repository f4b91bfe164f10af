"""Records from other programs' files and into them, one module a format."""

from toolkit.bibliography.formats.bibtex import bibtex_text
from toolkit.bibliography.formats.collection import Collection
from toolkit.bibliography.formats.csl_json import csl_json_text
from toolkit.bibliography.formats.csv_table import csv_text
from toolkit.bibliography.formats.reading import read, read_bytes
from toolkit.bibliography.formats.ris import ris_text

__all__ = ["Collection", "bibtex_text", "csl_json_text", "csv_text", "read", "read_bytes", "ris_text"]
