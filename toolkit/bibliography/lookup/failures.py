"""Why a look-up failed: each message names the service and the identifier, and says what to do."""

from __future__ import annotations

from toolkit.errors import ToolkitError


class LookupFailure(ToolkitError, RuntimeError):
    """A service could not be asked, or its answer cannot be used."""


class UnknownIdentifierError(LookupFailure):
    """A service does not hold the identifier."""


class MalformedIdentifierError(ToolkitError, ValueError):
    """A text is neither a DOI nor a PMID."""
