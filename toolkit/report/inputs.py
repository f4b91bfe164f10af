"""What a product depends on, as a digest: it is made again when, and only when, one of these changes."""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import toolkit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.synthesis import Review

_LIBRARIES = (
    "ipykernel", "jinja2", "matplotlib", "nbconvert", "nbformat", "numpy", "pandas", "pycountry", "pydantic",
    "python-docx", "scipy",
)  # fmt: skip


def digest(*parts: object) -> str:
    """A SHA-256 digest of plain values, the same in each run."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Inputs:
    """The digests of a review's inputs: code, questions with their rows, claims, notebooks."""

    def __init__(self, review: Review) -> None:
        self.review = review

    @cached_property
    def code(self) -> str:
        """The toolkit's own code and the versions of the libraries that shape what is made."""
        package = Path(toolkit.__file__).parent
        sources = sorted(package.rglob("*.py"))
        contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sources]
        return digest(
            [str(path.relative_to(package)) for path in sources], contents, [_version(name) for name in _LIBRARIES]
        )

    def question(self, key: str) -> str:
        """A question with its claim, its rows, the references that they cite, and figures that stand elsewhere too."""
        return self._questions[key]

    @cached_property
    def _questions(self) -> dict[str, str]:
        return {question.question: self._question(question.question) for question in self.review.questions}

    def _question(self, key: str) -> str:
        review = self.review
        selection = review.select(key)
        references = [(reference.type, dict(reference.fields)) for reference in selection.references.values()]
        rows = [(row.label, row.estimate.model_dump_json()) for row in selection.rows]
        shared = [(item.estimate, item.other_question, item.other_claim) for item in selection.shared]
        return digest(
            self.code,
            review.document.model_dump_json(),
            selection.claim.model_dump_json(),
            selection.question.model_dump_json(),
            rows,
            references,
            shared,
        )

    @cached_property
    def everything(self) -> str:
        """All records and references."""
        claims = [claim.model_dump_json() for claim in self.review.claims]
        keys = list(self.review.library)
        return digest(self.code, claims, keys, [self.question(question.question) for question in self.review.questions])

    def notebook(self, path: Path) -> str:
        """A notebook and the questions and claims that it shows; the whole review where that cannot be told."""
        raw = path.read_bytes()
        content = hashlib.sha256(raw).hexdigest()
        beside = sorted(file for file in path.parent.rglob("*") if file.is_file() and file.suffix != ".ipynb")
        examples = file_digests(path.parent, [str(file.relative_to(path.parent)) for file in beside])
        try:
            used = used_by(notebook_code(raw))
        except (ValueError, TypeError, AttributeError):  # no notebook at all: it fails by itself when it is run
            used = None
        if used is None:
            return digest(content, examples, self.everything)
        claims = [claim for claim in self.review.claims if claim.claim in used]
        questions = {
            question.question
            for question in self.review.questions
            if question.question in used or question.claim in used
        }
        return digest(
            content,
            examples,
            self.code,
            self.review.document.model_dump_json(),
            [claim.model_dump_json() for claim in claims],
            [self.question(key) for key in sorted(questions)],
        )


def notebook_code(content: bytes) -> str:
    """The code of a notebook's cells as one text."""
    cells = json.loads(content).get("cells", [])
    lines: list[str] = []
    for cell in cells:
        if cell.get("cell_type") == "code":
            source = cell.get("source", "")
            lines += ("".join(source) if isinstance(source, list) else source).splitlines()
    return "\n".join(lines)


def used_by(code: str) -> frozenset[str] | None:
    """The keys of the questions and claims that a notebook's code asks ``review`` for.

    ``None``, which means everything, unless it can be proven: the code is plain Python without magics, imports from
    the toolkit only, opens the review once as ``review = open_review()``, opens no file, and uses ``review`` for
    ``review.synthesize("..")``, ``review.claim("..")`` and ``review.question("..")`` with a literal key only.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    nodes = list(ast.walk(tree))
    if not all(_is_harmless(node) for node in nodes):
        return None
    opened = [node for node in nodes if isinstance(node, ast.Name) and node.id == "open_review"]
    assigned = [
        node for node in nodes if isinstance(node, ast.Assign) and ast.unparse(node) == "review = open_review()"
    ]
    told = [call for node in nodes if (call := _literal_request(node)) is not None]
    read = [
        node for node in nodes if isinstance(node, ast.Name) and node.id == "review" and isinstance(node.ctx, ast.Load)
    ]
    proven = len(opened) == len(assigned) and len(read) == len(told)
    return frozenset(told) if proven else None


def _is_harmless(node: ast.AST) -> bool:
    """Whether a piece of code brings nothing in but the toolkit, and opens no file."""
    if isinstance(node, ast.Import):
        return False
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == "toolkit"
    return not (isinstance(node, ast.Name) and node.id in ("open", "exec", "eval", "__import__", "get_ipython"))


def _literal_request(node: ast.AST) -> str | None:
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="review"), attr="synthesize" | "claim" | "question"),
            args=[ast.Constant(value=str(key))],
            keywords=[],
        ):
            return key
    return None


def records_stamp(root: Path) -> str:
    """A digest of the files of the records, to see whether they changed while a build ran."""
    files = sorted(path for name in ("data", "references") for path in (root / name).rglob("*") if path.is_file())
    return digest(file_digests(root, [str(path.relative_to(root)) for path in files]))


def file_digests(folder: Path, files: Iterable[str]) -> dict[str, str | None]:
    """The SHA-256 digests of files in a folder, by name; ``None`` for one that is not there."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if (path := folder / name).is_file() else None
        for name in files
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
