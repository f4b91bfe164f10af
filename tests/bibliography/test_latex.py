"""LaTeX to text and back: what a reader sees, nothing deleted, nothing raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.bibliography.latex import latex_source, plain_text, verbatim_text


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"M{\"u}ller, J\'{e}r\^ome", "Müller, Jérôme"),
        (r"\'{\i} \'\i{} na\"{\i}ve", "í í naïve"),
        (r"\v{S}i\v{c} Erd\H os \c{c} \.I \~n \r a", "Šič Erdős ç İ ñ å"),
        (r"{\O}re \o{}re stra\ss e {\AE}r \L{}odz", "Øre øre straße Ær Łodz"),
        (r"a\&b \% \$5 \_ \# \{x\}", "a&b % $5 _ # {x}"),
        (r"\textit{Homo} \emph{s.} {\bf b} \mbox{Abc} \ldots", "Homo s. b Abc …"),
        (r"\href{https://x.org}{the site}", "the site"),
        ("``q'' 1--2 a---b", "“q” 1–2 a—b"),
        ("Jan~van der Berg", "Jan van der Berg"),
        (r"$\alpha$-blockers, $p<0.05$", "α-blockers, p<0.05"),
        ("50% of $x$", "50% of x"),
        (r"x\textsuperscript{2}", "x2"),
        (r"\textbackslash{}n", r"\n"),
        ("{{DNA}}", "DNA"),
        ("a {b", "a b"),
        ("\\", "\\"),
    ],
)
def test_latex_is_what_a_reader_sees(latex, text):
    assert plain_text(latex) == text


def test_an_address_is_not_latex():
    assert verbatim_text(r"https://x.org/a\_b%20~c\&d") == "https://x.org/a_b%20~c&d"
    assert verbatim_text(r"\url{https://x.org/a_b}") == "https://x.org/a_b"


ORDINARY = st.text(st.characters(exclude_categories=["C"], exclude_characters="-–—'`“”\u00a0"), max_size=40)


@given(ORDINARY | st.text("{} ab\\", max_size=12).filter(lambda text: "  " not in text))
def test_text_that_is_written_reads_back_the_same(text):
    assert plain_text(latex_source(text)) == " ".join(text.split())


@given(st.text("\\{}$%'\"~^&_-abiou \n", max_size=60))
def test_no_value_raises(value):
    assert isinstance(plain_text(value), str)


@pytest.mark.parametrize(
    "value", ["{" * 100_000, "\\'" * 100_000, "$" * 100_001, "\\textit{" * 30_000, "\\ " * 100_000]
)
def test_a_long_value_is_read_to_its_end(value):
    assert isinstance(plain_text(value), str)  # what takes more than linear time does not come back from this
