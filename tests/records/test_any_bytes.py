"""Whatever bytes stand in a file: a check answers with findings, never with a traceback, and changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit import check_review
from toolkit.errors import Severity
from toolkit.records.rules import unevenness
from toolkit.records.store import read_records

FILES = (
    "data/principle.toml",
    "data/questions.toml",
    "data/studies.csv",
    "data/estimates.csv",
    "references/library.bib",
)
AWKWARD = st.sampled_from(
    [
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\x00",
        b";",
        b"\xff",
        b"\xef\xbb\xbf",
        b"[[",
        b"]]",
        b"=",
        b"@",
        b"{",
        b"}",
        b"%",
        b"'",
    ]
)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_bytes_put_in_anywhere_gives_findings(files, name, data):
    root = files.write()
    path = root / name
    raw = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 30))
        raw = raw[:place] + data.draw(AWKWARD | st.binary(max_size=8)) + raw[place + cut :]
    path.write_bytes(raw)
    for finding in check_review(root):
        assert finding.file
        assert finding.message
        assert finding.hint
    assert path.read_bytes() == raw


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200))
def test_a_file_of_any_bytes_gives_findings(files, raw):
    root = files.write()
    (root / "data/estimates.csv").write_bytes(raw)
    assert any(finding.severity is Severity.ERROR for finding in check_review(root))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cell=st.text(max_size=40), column=st.sampled_from(["value", "note", "sample", "p_value", "source_url", "n_total"])
)
def test_a_cell_comes_back_as_it_stands_or_is_told(files, cell, column):
    files.estimates[0][column] = cell
    records = read_records(files.write())
    if "E1" in records.estimates:
        kept = getattr(records.estimates["E1"], column)
        inherited = not cell and column in ("sample", "n_total")
        assert inherited or str(kept or "") == cell.strip() or (kept is not None and str(kept) == str(kept + 0))
    else:
        assert records.findings


@given(value=st.floats(0.01, 100), ratio=st.floats(1.05, 20))
def test_an_interval_that_is_even_on_the_log_scale_is_never_told(value, ratio):
    from decimal import Decimal
    from types import SimpleNamespace

    from toolkit.vocabulary import EstimateMeasure

    row = SimpleNamespace(
        measure=EstimateMeasure.OR,
        **{
            name: Decimal(f"{figure:.3g}")
            for name, figure in (("value", value), ("ci_low", value / ratio), ("ci_high", value * ratio))
        },
    )
    assert unevenness(row) < 1e-9
