"""The page that sets the engine beside R's packages names what there is, all of it, and nothing else."""

import inspect
import re
from pathlib import Path

import pytest

from toolkit import effects, meta

PAGE = (Path(__file__).parents[2] / "docs/engine.md").read_text(encoding="utf-8")
ROOMS = {"effects": effects, "meta": meta}
NAMED = set(re.findall(r"`(effects|meta)\.(\w+)", PAGE))
METHODS = set(re.findall(r"`([A-Z]\w+)\.(\w+)`", PAGE))


@pytest.mark.parametrize(("room", "name"), sorted(NAMED))
def test_what_the_page_names_is_exported(room, name):
    assert name in ROOMS[room].__all__


@pytest.mark.parametrize(("owner", "name"), sorted(METHODS))
def test_the_methods_that_the_page_names_exist(owner, name):
    home = next(room for room in ROOMS.values() if owner in room.__all__)
    assert hasattr(getattr(home, owner), name)


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_function_is_on_the_page(room):
    functions = {name for name in ROOMS[room].__all__ if inspect.isfunction(getattr(ROOMS[room], name))}
    absent = functions - {name for home, name in NAMED if home == room} - {"find_measure"}
    assert not absent, f"Say in docs/engine.md what in R does the work of {', '.join(sorted(absent))}."
