"""Notebooks made of code cells, for the tests that run them."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def notebook_text():
    """A function that writes the text of a notebook with these code cells."""

    def text(*sources: str) -> str:
        cells = [
            {
                "cell_type": "code",
                "id": f"c{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(sources)
        ]
        kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})

    return text
