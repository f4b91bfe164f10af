"""Golden files: a change in what a format looks like is seen in a diff before a reader sees it.

After a change that is wanted, run the tests once with UPDATE_GOLDEN=1 and read the diff of ``golden/``.
"""

import io
import os
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from toolkit.tables import write

GOLDEN = Path(__file__).parent / "golden"


def compare(path, produced):
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(produced)
    assert produced.decode() == path.read_bytes().decode()


@pytest.mark.parametrize("suffix", [".csv", ".html", ".md", ".tex"])
def test_a_text_format_looks_as_it_did(table, tmp_path, suffix):
    compare(GOLDEN / f"studies{suffix}", write(table, tmp_path / f"t{suffix}").read_bytes())


def test_a_docx_looks_as_it_did(table, tmp_path):
    # The part with the text, indented: the rest of the archive is the writer library's template.
    archive = zipfile.ZipFile(io.BytesIO(write(table, tmp_path / "t.docx").read_bytes()))
    part = etree.fromstring(archive.read("word/document.xml"))
    compare(GOLDEN / "studies.docx.xml", etree.tostring(part, pretty_print=True, encoding="utf-8"))
