"""Look-ups at scholarly services: metadata of a DOI or PMID, and notices of retraction or correction.

Nothing here is called by a check, a synthesis or a build: a look-up happens when a person asks for one.
"""

from toolkit.bibliography.lookup.client import Client
from toolkit.bibliography.lookup.enrichment import Gain, gains
from toolkit.bibliography.lookup.failures import LookupFailure, MalformedIdentifierError, UnknownIdentifierError
from toolkit.bibliography.lookup.identifier import Identifier
from toolkit.bibliography.lookup.notices import Notice, NoticeReport
from toolkit.bibliography.lookup.retraction_watch import RetractionWatch
from toolkit.bibliography.lookup.services import look_up, look_up_notices
from toolkit.bibliography.lookup.settings import LookupSettings

__all__ = [
    "Client",
    "Gain",
    "Identifier",
    "LookupFailure",
    "LookupSettings",
    "MalformedIdentifierError",
    "Notice",
    "NoticeReport",
    "RetractionWatch",
    "UnknownIdentifierError",
    "gains",
    "look_up",
    "look_up_notices",
]
