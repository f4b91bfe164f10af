"""No public function of the engine without an outside value: the registry beside this file is complete and true."""

import inspect
import json
import re
import tomllib
from enum import Enum
from functools import cache
from pathlib import Path

import pytest

import toolkit.effects
import toolkit.meta

REFERENCE = Path(__file__).parent
PROJECT = REFERENCE.parents[1]
REGISTRY = tomllib.loads((REFERENCE / "coverage.toml").read_text())
ROOMS = {"effects": toolkit.effects, "meta": toolkit.meta}
ENTRIES = [(room, name, entry) for room, entries in REGISTRY.items() for name, entry in entries.items()]
# How a result shows itself is not a number.
DISPLAY = {"to_frame", "summary"}


def computing_names(room):
    """The public functions of a room, and the public methods of its classes that compute something."""
    for name in room.__all__:
        value = getattr(room, name)
        if inspect.isfunction(value):
            yield name
        elif inspect.isclass(value) and not issubclass(value, Enum):
            methods = (method for method, found in vars(value).items() if inspect.isfunction(found))
            yield from (f"{name}.{method}" for method in methods if method[0] != "_" and method not in DISPLAY)


def inherited_names(room):
    """The public methods that its classes have from bases that are not public themselves: they may be registered."""
    for name in room.__all__:
        value = getattr(room, name)
        if inspect.isclass(value):
            yield from (f"{name}.{method}" for method, _ in inspect.getmembers(value, inspect.isfunction))


@cache
def values_of(file):
    return json.loads((REFERENCE / file).read_text())


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_function_has_an_outside_reference(room):
    missing = sorted(set(computing_names(ROOMS[room])) - set(REGISTRY[room]))
    assert not missing, f"Say in tests/reference/coverage.toml which outside values cover {', '.join(missing)}."


@pytest.mark.parametrize("room", ROOMS)
def test_the_registry_names_nothing_that_is_gone(room):
    assert set(REGISTRY[room]) <= {*computing_names(ROOMS[room]), *inherited_names(ROOMS[room])}


@pytest.mark.parametrize(("room", "name", "entry"), ENTRIES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_reference_is_where_the_registry_says_and_a_test_compares_with_it(room, name, entry):
    assert entry.keys() <= {"values", "printed", "derived", "test"}
    assert entry.get("values") or len(entry.get("printed", "")) > 20 or "values" in REGISTRY[room][entry["derived"]]
    path, test = entry["test"].split("::")
    text = (PROJECT / path).read_text(encoding="utf-8")
    assert re.search(rf"^def {test}\(", text, re.MULTILINE)
    for value in entry.get("values", ()):
        file, key = value.split(" ")
        assert values_of(file)[key]
        assert (REFERENCE / file).with_suffix(".R").is_file()
    files = {value.split(" ")[0] for value in entry.get("values", ())}
    assert not files or any(file in text for file in files)


def test_the_list_of_reference_values_has_each_file_and_its_script_once():
    listed = re.findall(r"^\| `(\w+)\.json` \| `(\w+)\.R` \|", (REFERENCE / "README.md").read_text(), re.MULTILINE)
    assert sorted(values for values, _ in listed) == sorted(file.stem for file in REFERENCE.glob("*.json"))
    assert sorted(script for _, script in listed) == sorted(file.stem for file in REFERENCE.glob("*.R"))
