"""The reference library: what the bibliography file holds, by key."""

from toolkit.bibliography.check import check_library
from toolkit.bibliography.cite import Citations, cite, cited
from toolkit.bibliography.library import Library, Reference
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Origin, Record

__all__ = ["Citations", "Library", "Name", "Origin", "Record", "Reference", "check_library", "cite", "cited"]
