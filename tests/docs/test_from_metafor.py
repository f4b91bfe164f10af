"""The page for those who come from metafor: its Python blocks run, and both sides give the numbers that it prints."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs/from-metafor.md").read_text(encoding="utf-8")
FROM_R = json.loads((Path(__file__).parent / "from_metafor.json").read_text())["values"]
TOLERANCE = tomllib.loads((PROJECT / "tests/reference/tolerances.toml").read_text())["iterated"]
ROWS = re.findall(r"^\| `([^`]*)` \| `([^`]*)` \| (\S+) \|$", PAGE, re.MULTILINE)


@cache
def answers():
    """What Python answers to each row, asked where the row stands: after the blocks above it."""
    names, found = {}, {}
    parts = re.finditer(r"^```python\n(?P<block>.*?)^```$|^\| `[^`]*` \| `(?P<asked>[^`]*)` \|", PAGE, re.M | re.S)
    for part in parts:
        if part["block"]:
            exec(compile(part["block"], "docs/from-metafor.md", "exec"), names)
        else:
            found[part["asked"]] = float(eval(part["asked"], names))
    return found


@pytest.mark.parametrize(("in_r", "in_python", "printed"), ROWS, ids=lambda text: text)
def test_r_python_and_the_page_agree(in_r, in_python, printed):
    assert answers()[in_python] == pytest.approx(FROM_R[in_r], rel=TOLERANCE)
    assert f"{FROM_R[in_r]:.5g}" == printed


def test_every_number_that_r_gave_is_on_the_page():
    assert {in_r for in_r, _, _ in ROWS} == set(FROM_R)


def test_there_are_ten_sections_with_both_languages():
    sections = re.split(r"^## \d+\. ", PAGE, flags=re.MULTILINE)[1:]
    assert len(sections) == 10
    assert all("```r\n" in section and "```python\n" in section for section in sections)
