"""Citations in two styles and all formats, compared with expected files that were read before they were kept.

To write the expected files anew after a wanted change: ``python tests/bibliography/cite/test_cite.py``.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest

from toolkit.bibliography import Library, cite, cited
from toolkit.bibliography.cite import STYLES, CitationError, _pandoc
from toolkit.errors import UnknownNameError

FOLDER = Path(__file__).parent
LIBRARY = Library.read(FOLDER / "library.bib")
ORDER = [
    "vanderberg2019particle", ("roe2020first", "roe2020second"), "many2018authors", "vanderberg2019particle",
    "roe2020second", "signs2017escape", ("who2016report", "eco2015book", "chap2014chapter"), "talk2013paper",
    "thes2012thesis", "web2011page", "bad2010address", "anon2009none", "draft",
]  # fmt: skip
STYLES_FOLDER = files("toolkit.bibliography") / "styles"
SUFFIXES = {"text": "txt", "html": "html", "markdown": "md", "latex": "tex"}
CASES = [(style, form) for style in ("vancouver", "apa") for form in SUFFIXES]


# Another pandoc than that of the extra may be right and yet write a comma elsewhere.
needs_pandoc = pytest.mark.skipif(
    find_spec("pypandoc") is None, reason="pandoc is not installed: the extra 'publication'"
)


def shown(style, form) -> str:
    """What an expected file holds: the marks, one a line, and the reference list."""
    citations = cite(ORDER, library=LIBRARY, style=style, format=form)
    return "\n".join(citations.marks) + "\n\n" + citations.bibliography + "\n"


@needs_pandoc
@pytest.mark.parametrize(("style", "form"), CASES)
def test_citations_are_as_expected(style, form):
    expected = (FOLDER / f"{style}.{SUFFIXES[form]}").read_text(encoding="utf-8")
    assert shown(style, form) == expected


@needs_pandoc
def test_numbers_follow_the_order_of_appearance():
    citations = cite(ORDER, library=LIBRARY)
    assert citations.marks[:5] == ("(1)", "(2,3)", "(4)", "(1)", "(3)")
    lines = citations.bibliography.split("\n\n")
    assert [line.split(".")[0] for line in lines] == [str(number) for number in range(1, len(citations.keys) + 1)]
    assert lines[0].startswith("1. van der Berg J, de la Cruz M, Smith T Jr.")
    assert cite(["draft", "roe2020first"], library=LIBRARY).keys == ("draft", "roe2020first")


@needs_pandoc
def test_editors_stand_before_their_label():
    listed = cite(["chap2014chapter", "talk2013paper"], library=LIBRARY).bibliography
    assert "In: Edit E, Itor I, editors. The Collected Examples." in listed
    assert "In: Meet M, editor. Proceedings of the Meeting." in listed


@needs_pandoc
def test_two_works_of_one_year_are_told_apart():
    citations = cite(["roe2020first", "roe2020second"], library=LIBRARY, style="apa")
    assert citations.marks == ("(Roe & Doe, 2020a)", "(Roe & Doe, 2020b)")
    assert "(2020a)" in citations.bibliography


@needs_pandoc
def test_signs_are_escaped_in_each_format():
    text, html, markdown, latex = (
        cite("signs2017escape", library=LIBRARY, format=form).bibliography for form in SUFFIXES
    )
    assert "Costs & harms: p < 0.05, a price of $5, 100% of DNA_1 and #1" in text
    assert "Costs &amp; harms: p &lt; 0.05, a price of $5" in html
    assert "p \\< 0.05, a price of \\$5, 100% of DNA_1" in markdown.replace("DNA\\_1", "DNA_1")
    assert "Costs \\& harms: p \\textless{} 0.05, a price of \\$5, 100\\% of DNA\\_1 and \\#1" in latex
    assert "<p>" not in cite("signs2017escape", library=LIBRARY, format="html").marks[0]


@needs_pandoc
def test_an_address_that_runs_code_is_no_link():
    assert "javascript" not in cite("bad2010address", library=LIBRARY, style="apa", format="html").bibliography


@needs_pandoc
def test_docx_is_a_document_with_the_marks_and_the_list():
    citations = cite(ORDER, library=LIBRARY, style="apa", format="docx")
    document = zipfile.ZipFile(io.BytesIO(citations.document)).read("word/document.xml").decode()
    assert "(Roe &amp; Doe, 2020a, 2020b)" in document
    assert "Costs &amp; harms: p &lt; 0.05" in document
    assert citations.marks[0] == "(van der Berg et al., 2019)"


@needs_pandoc
def test_any_style_file_is_taken(tmp_path):
    style = (STYLES_FOLDER / "vancouver.csl").read_text(encoding="utf-8")
    path = tmp_path / "own style.csl"
    path.write_text(style.replace('prefix="(" suffix=")"', 'prefix="[" suffix="]"'), encoding="utf-8")
    for given in (path, str(path)):
        citations = cite(["draft", ("draft", "eco2015book")], library=LIBRARY, style=given)
        assert citations.marks == ("[1]", "[1,2]")


def test_the_styles_and_their_licence_lie_in_the_package():
    assert STYLES == ("apa", "vancouver")
    assert "Attribution-ShareAlike" in (STYLES_FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html/>", "is no CSL style: its first element is 'html'"),
        ("<style", "is no sound XML"),
        ('<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/hostname">]><style>&a;</style>', "is no sound XML"),
        (
            '<style xmlns="http://purl.org/net/xbiblio/csl"><info>'
            '<link href="http://www.zotero.org/styles/apa" rel="independent-parent"/></info></style>',
            "only points to another style: give the file of 'apa'",
        ),
    ],
)
def test_a_file_that_is_no_style_is_told(tmp_path, content, message):
    path = tmp_path / "style.csl"
    path.write_text(content)
    with pytest.raises(CitationError, match=message):
        cite("draft", library=LIBRARY, style=path)


def test_what_does_not_exist_is_told_with_suggestions(tmp_path):
    with pytest.raises(UnknownNameError, match=r"no reference 'roe2020frist'.*Did you mean 'roe2020first'"):
        cite(["draft", "roe2020frist"], library=LIBRARY)
    with pytest.raises(UnknownNameError, match=r"no citation style 'vancover'.*'vancouver'"):
        cite("draft", library=LIBRARY, style="vancover")
    with pytest.raises(UnknownNameError, match=r"no format 'txt'"):
        cite("draft", library=LIBRARY, format="txt")
    with pytest.raises(CitationError, match="cannot be read"):
        cite("draft", library=LIBRARY, style=tmp_path / "none.csl")


def test_nothing_cited_is_nothing_listed():
    assert cite([], library=LIBRARY).bibliography == ""


def test_without_pandoc_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypandoc", None)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(CitationError, match=r"not installed: install the extra, .*\[publication\]"):
        cite("draft", library=LIBRARY)


def test_an_old_pandoc_is_told(monkeypatch):
    refusal = b"JSON parse error: Error in $: Incompatible API versions: encoded with [1,23] but ..."
    done = subprocess.CompletedProcess([], 64, b"", refusal)
    monkeypatch.setattr(sys.modules[cite.__module__], "_pandoc_path", lambda: "/usr/bin/pandoc")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: done)
    with pytest.raises(CitationError, match=r"need pandoc 3, and /usr/bin/pandoc is another version: install"):
        cite("draft", library=LIBRARY)


@needs_pandoc
def test_pandoc_is_kept_from_files(tmp_path):
    """A picture in a document is the way in which a reference could bring in a file."""
    picture = tmp_path / "secret.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
    image = {"t": "Image", "c": [["", [], []], [], [str(picture), ""]]}
    document = {"pandoc-api-version": [1, 23], "meta": {}, "blocks": [{"t": "Para", "c": [image]}]}
    written = zipfile.ZipFile(io.BytesIO(_pandoc(["--from=json", "--to=docx", "--output=-"], document)))
    assert not [name for name in written.namelist() if "media" in name]


def test_the_cited_part_of_a_library_is_its_own_bytes():
    part = cited(LIBRARY, ["talk2013paper", "roe2020first"])
    assert set(part) == {"proc2013", "talk2013paper", "roe2020first"}
    assert part["roe2020first"].text("journal") == "Journal of Made-up Results"
    whole = LIBRARY.text
    assert all(line in whole for line in part.text.splitlines())
    with pytest.raises(UnknownNameError, match="talk2013papers"):
        cited(LIBRARY, ["talk2013papers"])


if __name__ == "__main__":
    for each_style, each_form in CASES:
        (FOLDER / f"{each_style}.{SUFFIXES[each_form]}").write_text(shown(each_style, each_form), encoding="utf-8")
