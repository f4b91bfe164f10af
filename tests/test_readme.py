"""The README's Python runs as it stands, from the first block to the last, on the shipped review."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def test_the_tour_runs_and_says_what_the_readme_says(tmp_path):
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 5
    for folder in ("data", "references"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "evidence.docx").stat().st_size > 10_000
    assert (tmp_path / "forest.svg").read_text(encoding="utf-8").startswith("<?xml")
    shown = re.search(r"```text\n(Clearly supported.*?) \.\.\.\n```", text, re.DOTALL)
    assert shown is not None
    assert shown[1].replace("\n", " ") in run.stdout
