"""The reference library: what the bibliography file holds, by key."""

from toolkit.bibliography.check import check_library
from toolkit.bibliography.library import Library, Reference

__all__ = ["Library", "Reference", "check_library"]
