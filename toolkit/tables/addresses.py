"""Web addresses in the text of a table, for the formats that can link: nothing else becomes a link."""

from __future__ import annotations

import re

# Punctuation that closes a sentence or a bracket around an address does not belong to it.
ADDRESS = re.compile(r"https?://[^\s<>\"`]*[^\s<>\"'`.,;:!?)\]}]")
"""An http(s) address inside a text."""
