"""The single products of a build: what each is made from, which files it writes, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from toolkit.errors import NotebookError
from toolkit.report.inputs import records_stamp
from toolkit.synthesis import Review, open_review

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toolkit.report.inputs import Inputs

TABLE_SUFFIXES = (".csv", ".docx", ".html", ".md", ".tex")
FIGURE_SUFFIXES = (".png", ".svg")


@dataclass(frozen=True)
class Product:
    """Something that a build makes: its kind and key, the digest of its inputs, its files (relative to the folder)."""

    kind: str
    key: str
    inputs: str
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        """How the product is called in the manifest and in messages: ``figure arrest-overdose``."""
        return f"{self.kind} {self.key}"


def question_products(review: Review, inputs: Inputs) -> Iterator[Product]:
    """For each question its figure and its evidence table."""
    for question in review.questions:
        key = question.question
        inputs_digest = inputs.question(key)
        selection = review.select(key)
        if selection.votes or any(row.is_pooled for row in selection.rows):  # else there is nothing to draw
            yield Product("figure", key, inputs_digest, tuple(f"figures/{key}{suffix}" for suffix in FIGURE_SUFFIXES))
        files = tuple(f"tables/evidence/{key}{suffix}" for suffix in TABLE_SUFFIXES)
        yield Product("evidence table", key, inputs_digest, files)


def review_products(review: Review, inputs: Inputs) -> Iterator[Product]:
    """The tables of the whole review: verdicts, and every row with its source and what was made of it."""
    yield Product("verdict table", "verdicts", inputs.everything, tuple(f"tables/verdicts{s}" for s in TABLE_SUFFIXES))
    yield Product("trace", "trace", inputs.everything, ("tables/trace.csv",))


def notebook_products(review: Review, inputs: Inputs) -> Iterator[Product]:
    """The executed copy of each notebook, and the page made from it."""
    for path in sorted((review.root / "notebooks").glob("*.ipynb")):
        files = (f"notebooks/{path.stem}.ipynb", f"notebooks/{path.stem}.html")
        yield Product("notebook", path.stem, inputs.notebook(path), files)


def run_product(product: Product, root: Path, folder: Path, stamp: str) -> str:
    """Make a product from the records that bear ``stamp``; the answer is empty, or says what went wrong."""
    try:
        if records_stamp(root) != stamp:
            return "the records changed while the build ran: run it again"
        _MAKERS[product.kind](product, _review(root, stamp), folder)
    except NotebookError as error:
        return str(error)
    except Exception as error:  # one product must not take the others down; the reason is shown, the exit code is 1
        return f"{type(error).__name__}: {error}"
    return ""


@lru_cache(maxsize=1)
def _review(root: Path, stamp: str) -> Review:
    """The review with these records, opened once in each worker process; workers outlive a build."""
    return open_review(root)


def _make_figure(product: Product, review: Review, folder: Path) -> None:
    from toolkit import plots

    axes = plots.draw(review.synthesize(product.key))
    for file in product.files:
        plots.save(axes, folder / file)
    plots.close(axes)


def _make_evidence_table(product: Product, review: Review, folder: Path) -> None:
    from toolkit import tables
    from toolkit.tables.contents import evidence_table

    table = evidence_table(review.synthesize(product.key))
    for file in product.files:
        tables.write(table, folder / file)


def _make_verdict_table(product: Product, review: Review, folder: Path) -> None:
    from toolkit import tables
    from toolkit.tables.contents import verdict_table

    table = verdict_table(review.syntheses(), review.document)
    for file in product.files:
        tables.write(table, folder / file)


def _make_trace(product: Product, review: Review, folder: Path) -> None:
    from toolkit import tables
    from toolkit.tables.contents import trace_table

    table = trace_table(review.syntheses())
    for file in product.files:
        tables.write(table, folder / file)


def _make_notebook(product: Product, review: Review, folder: Path) -> None:
    from toolkit.report.notebooks import run_notebook

    run_notebook(review.root / "notebooks" / f"{product.key}.ipynb", folder / product.files[0])


_MAKERS = {
    "figure": _make_figure,
    "evidence table": _make_evidence_table,
    "verdict table": _make_verdict_table,
    "trace": _make_trace,
    "notebook": _make_notebook,
}
