"""What a review knows: claims, questions, studies and estimates, read from plain files and checked.

This room knows nothing of statistics: it says what stands in the files and whether it can be right.
"""

from toolkit.records.estimate import Estimate
from toolkit.records.flow import identified
from toolkit.records.principle import Claim, Document, Plan, PublishedResult, Question, Sensitivity
from toolkit.records.search import Search, search_log_change
from toolkit.records.store import Records, find_root, read_records
from toolkit.records.study import Study

__all__ = [
    "Claim",
    "Document",
    "Estimate",
    "Plan",
    "PublishedResult",
    "Question",
    "Records",
    "Search",
    "Sensitivity",
    "Study",
    "find_root",
    "identified",
    "read_records",
    "search_log_change",
]
