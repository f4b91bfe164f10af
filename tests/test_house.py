"""The house stands as its plan says: imports point one way, fences hold, nothing heavy is imported early."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "toolkit"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A room may import those below it in its row. Base modules have no room of their own.
BASE = {"errors", "vocabulary", "numbers", "files"}
MAY_IMPORT = {
    "base": BASE,
    "bibliography": BASE,
    "records": BASE | {"bibliography"},
    "effects": BASE,
    "meta": BASE | {"effects"},
    "synthesis": BASE | {"records", "bibliography", "effects", "meta"},
    "plots": BASE | {"records", "bibliography", "effects", "meta", "synthesis"},
    "tables": BASE | {"records", "bibliography", "effects", "meta", "synthesis"},
    "report": BASE | {"records", "bibliography", "effects", "meta", "synthesis", "plots", "tables"},
    "cli": BASE
    | {
        "records",
        "bibliography",
        "effects",
        "meta",
        "synthesis",
        "plots",
        "tables",
        "report",
    },
}
FENCES = {"matplotlib": {"plots"}, "bibtexparser": {"bibliography"}, "docx": {"tables"}, "nbclient": {"report"}}
FILE_ACCESS = {"records", "bibliography", "tables", "plots", "report", "cli", "files"}


def room_of(module: Path) -> str:
    first = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "face" if first == "__init__" else "base" if first in BASE else first


def imports_of(module: Path):
    """The rooms of the toolkit and the other packages that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "toolkit":
                yield from (("toolkit", alias.name) for alias in node.names)
            else:
                yield split(node.module)
        elif isinstance(node, ast.Import):
            yield from (split(alias.name) for alias in node.names)


def split(name: str) -> tuple[str, str]:
    parts = name.split(".")
    return parts[0], parts[1] if len(parts) > 1 else ""


FACE = {"open_review": "synthesis", "check_review": "synthesis", "__version__": "base", "": "base"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way_and_fences_hold(module):
    room = room_of(module)
    if room == "face":
        return
    for package, name in imports_of(module):
        if package == "toolkit":
            other = FACE.get(name, name)
            assert other in MAY_IMPORT[room] | {room, "base"}, f"{module} imports toolkit.{name}"
        if package in FENCES:
            assert room in FENCES[package], f"{module} imports {package}"


def modules_imported_by(module: Path) -> set[Path]:
    """The modules of the toolkit that a module imports, in functions and for type checkers too."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("toolkit."):
            continue
        place = PACKAGE.parent.joinpath(*node.module.split("."))
        named = [place / f"{alias.name}.py" for alias in node.names]
        found |= {path for path in (*named, place.with_suffix(".py")) if path.is_file()}
    return found


def test_no_modules_go_in_a_circle():
    imports = {module: modules_imported_by(module) for module in MODULES}
    order = TopologicalSorter({module: others - {module} for module, others in imports.items()})
    order.prepare()  # raises CycleError, which names the circle


def test_only_the_check_asks_the_bibliography():
    askers = {
        module.name
        for module in (PACKAGE / "records").glob("*.py")
        if ("toolkit", "bibliography") in set(imports_of(module))
    }
    assert askers == {"check.py"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_opened_only_where_files_are_the_business(module):
    tree = ast.parse(module.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    opens = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "open"]
    reads = [
        call
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("read_text", "read_bytes", "write_text", "write_bytes", "unlink")
    ]
    room = room_of(module)
    name = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert not (opens or reads) or room in FILE_ACCESS or name in FILE_ACCESS, f"{module} touches files"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_is_too_long_or_named_for_nothing(module):
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 420
    assert module.stem not in {"utils", "helpers", "misc", "common"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_runs_text_as_code(module):
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec"), f"{module}:{node.lineno}"
        if isinstance(node, ast.keyword) and node.arg == "shell":
            raise AssertionError(f"{module}:{node.value.lineno} runs a shell")


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_toolkit_imports_nothing_heavy():
    assert not loaded_by("import toolkit") & {"numpy", "pandas", "scipy", "matplotlib", "pydantic", "bibtexparser"}


def test_the_command_begins_without_anything_heavy():
    assert not loaded_by("import toolkit.cli") & {"numpy", "pandas", "scipy", "matplotlib", "pydantic", "nbclient"}


def test_models_begin_without_pandas_and_plots():
    assert not loaded_by("import toolkit.meta") & {"pandas", "matplotlib", "statsmodels", "pydantic"}


def test_every_name_of_the_face_can_be_loaded():
    import toolkit

    assert all(getattr(toolkit, name) is not None for name in toolkit.__all__)
    assert set(toolkit.__all__) <= set(dir(toolkit))
    with pytest.raises(AttributeError, match="open_reviews"):
        _ = toolkit.open_reviews
