"""Duplicates: which records are one work, with a decision, a score and a reason for each pair."""

from toolkit.bibliography.duplicates.clusters import connected
from toolkit.bibliography.duplicates.decision import Decision
from toolkit.bibliography.duplicates.search import find_duplicates, library_frame
from toolkit.bibliography.duplicates.table import RecordFrameError

__all__ = ["Decision", "RecordFrameError", "connected", "find_duplicates", "library_frame"]
