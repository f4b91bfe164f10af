"""Text that must fit: it wraps at spaces, is shortened at the end, and never gets wider than it may."""

from hypothesis import given
from hypothesis import strategies as st

from toolkit.plots.text import shortened, text_width, wrapped

SENTENCE = "childhood physical abuse as recalled by the participants"


def test_what_fits_is_left_alone():
    assert shortened("Huang 2011", 200, 9) == "Huang 2011"
    assert wrapped(SENTENCE, 1000, 9, lines=2) == (SENTENCE,)


def test_what_does_not_fit_wraps_and_then_ends_in_an_ellipsis():
    lines = wrapped(SENTENCE, 100, 9, lines=2)
    assert len(lines) == 2
    assert SENTENCE.startswith(lines[0])
    assert lines[1].endswith("…")
    assert " ".join(wrapped(SENTENCE, 100, 9, lines=9)) == SENTENCE


def test_a_line_does_not_end_at_a_no_break_space():
    assert wrapped("with I²\u00a0=\u00a089% here", 50, 9, lines=3) == ("with", "I²\u00a0=\u00a089%", "here")


def test_an_empty_text_is_one_empty_line():
    assert wrapped(" ", 50, 9, lines=2) == ("",)


@given(st.text(alphabet="abc WMil.-é日", max_size=60), st.floats(15, 120), st.integers(1, 3))
def test_no_line_is_wider_than_it_may_be(text, width, lines):
    found = wrapped(text, width, 9, lines=lines)
    assert 1 <= len(found) <= lines
    assert all(text_width(line, 9) <= width or line == "…" for line in found)
