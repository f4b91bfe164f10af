"""The ``evidence`` command, and what its commands print."""

from toolkit.cli.main import app, main

__all__ = ["app", "main"]
