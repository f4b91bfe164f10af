"""`evidence build`: everything under ``build/``, and only what changed is made again."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.errors import OutputFolderError
from toolkit.files import write_atomically
from toolkit.report.inputs import Inputs, file_digests, records_stamp
from toolkit.report.products import Product, notebook_products, question_products, review_products, run_product

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from toolkit.synthesis import Review

MANIFEST = "manifest.json"
WORKERS = 2
_SAVE_AFTER = 20


@dataclass(frozen=True)
class Failure:
    """A product that could not be made, why, and its files of an earlier build, which were removed."""

    product: str
    reason: str
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildSummary:
    """What a build did: products made, left as they were, removed, and failed; and how long it took (seconds)."""

    folder: Path
    made: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]
    failures: tuple[Failure, ...]
    seconds: float

    def made_by_kind(self) -> Counter[str]:
        """How many products of each kind were made."""
        return Counter(name.rsplit(" ", 1)[0] for name in self.made)

    @property
    def succeeded(self) -> bool:
        """Whether everything that was to be made is there."""
        return not self.failures


@dataclass
class _Manifest:
    """What the last build made, by product: the digest of its inputs, and the digests of its files."""

    path: Path
    entries: dict[str, dict] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> _Manifest:
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            entries = {}  # nothing known: everything is made again
        return cls(path, entries if isinstance(entries, dict) else {})

    def is_current(self, product: Product, folder: Path) -> bool:
        entry = self.entries.get(product.name)
        if not entry or entry.get("inputs") != product.inputs:
            return False
        return entry.get("files") == file_digests(folder, product.files)

    def record(self, product: Product, folder: Path) -> None:
        self.entries[product.name] = {"inputs": product.inputs, "files": file_digests(folder, product.files)}

    def write(self) -> None:
        content = json.dumps(self.entries, indent=1, sort_keys=True).encode() + b"\n"
        if not self.path.is_file() or self.path.read_bytes() != content:
            write_atomically(self.path, content)


def build(
    review: Review,
    *,
    folder: Path | None = None,
    on_plan: Callable[[int], None] = lambda number: None,
    on_done: Callable[[str], None] = lambda name: None,
) -> BuildSummary:
    """Make all figures, tables and executed notebooks of a review under ``folder`` (by default its ``build/``).

    A product that fails is reported and the others are still made; its files of an earlier build are removed, so that
    nobody takes them for what the records say now. The callbacks tell how many products are to be
    made, and which is done.
    """
    begun = time.perf_counter()
    folder = _checked(folder or review.root / "build", review.root)
    stamp = records_stamp(review.root)
    manifest = _Manifest.read(folder / MANIFEST)
    products = list(_products(review))
    stale = [product for product in products if not manifest.is_current(product, folder)]
    on_plan(len(stale))
    earlier = {file: _state(folder / file) for product in stale for file in product.files}
    made: list[str] = []
    failures: list[Failure] = []
    try:
        for product, problem in _run(stale, review.root, folder, stamp):
            if problem:
                failures.append(Failure(product.name, problem, _remove_earlier(product, earlier, folder)))
                manifest.entries.pop(product.name, None)
            else:
                made.append(product.name)
                manifest.record(product, folder)
                if len(made) % _SAVE_AFTER == 0:
                    manifest.write()  # a build that is stopped goes on where it was
            on_done(product.name)
        removed = _remove_what_nothing_makes(products, manifest, folder)
    finally:
        manifest.write()
    return BuildSummary(
        folder, tuple(made), len(products) - len(stale), removed, tuple(failures), time.perf_counter() - begun
    )


def _checked(folder: Path, root: Path) -> Path:
    """The output folder, where nothing of the review can be overwritten."""
    folder = folder.resolve()
    own = [root / name for name in ("data", "references", "notebooks")]
    if root.is_relative_to(folder) or any(folder.is_relative_to(place) for place in own) or folder.is_file():
        raise OutputFolderError(
            f"{folder} cannot take what is built: it is a file, or holds the review's own files. "
            "Give a folder of its own, such as build/."
        )
    return folder


def _products(review: Review) -> Iterator[Product]:
    inputs = Inputs(review)
    yield from notebook_products(review, inputs)  # the longest first, so that no worker waits at the end
    yield from review_products(review, inputs)
    yield from question_products(review, inputs)


def _run(products: list[Product], root: Path, folder: Path, stamp: str) -> Iterator[tuple[Product, str]]:
    """Make products, several at a time, and give each back with what went wrong (empty where nothing did)."""
    if not products:
        return
    from joblib import Parallel, delayed

    tasks = (delayed(_run_one)(product, root, folder, stamp) for product in products)
    yield from Parallel(n_jobs=min(WORKERS, len(products)), return_as="generator_unordered")(tasks)


def _run_one(product: Product, root: Path, folder: Path, stamp: str) -> tuple[Product, str]:
    return product, run_product(product, root, folder, stamp)


def _state(path: Path) -> tuple[int, int] | None:
    """What tells a file from one that was written in its place since; ``None`` where there is none."""
    if not path.is_file():
        return None
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def _remove_earlier(product: Product, earlier: Mapping[str, tuple[int, int] | None], folder: Path) -> tuple[str, ...]:
    """Delete a failed product's files of an earlier build; a notebook's new copy, with the error in it, stays."""
    old = [file for file in product.files if earlier[file] is not None and _state(folder / file) == earlier[file]]
    for file in old:
        (folder / file).unlink()
    return tuple(old)


def _remove_what_nothing_makes(products: Iterable[Product], manifest: _Manifest, folder: Path) -> tuple[str, ...]:
    """Delete the files of products that no longer exist, such as those of a question that was taken out."""
    current = {product.name for product in products}
    kept = {file for product in products for file in product.files}
    removed = []
    for name in [name for name in manifest.entries if name not in current]:
        for file in manifest.entries.pop(name).get("files", {}):
            path = (folder / file).resolve()
            if file not in kept and path.is_relative_to(folder.resolve()) and path.is_file():
                path.unlink()
                removed.append(file)
    return tuple(removed)
