"""The public surface of the two rooms, and what an import of them costs."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

import toolkit.effects
import toolkit.meta


@pytest.mark.parametrize("room", [toolkit.effects, toolkit.meta])
def test_all_names_are_there_and_documented(room):
    for name in room.__all__:
        value = getattr(room, name)
        assert value.__doc__ or isinstance(value, Mapping), name


@pytest.mark.parametrize("room", ["toolkit.effects", "toolkit.meta"])
def test_an_import_loads_nothing_heavy(room):
    heavy = "{'pandas', 'scipy.stats', 'scipy.optimize', 'matplotlib'}"
    script = f"import sys, {room}; print(*({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
