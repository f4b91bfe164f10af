"""Notebooks run from top to bottom without a browser, into copies that are the same in each run."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.errors import NotebookError
from toolkit.files import write_atomically

if TYPE_CHECKING:
    from nbformat import NotebookNode

_COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")
TIMEOUT = 600
"""Seconds that one cell may take."""


def run_notebook(path: Path, target: Path) -> None:
    """Run a notebook in its own folder and write the executed copy to ``target`` (.ipynb) and beside it as .html.

    :raises NotebookError: a cell failed; the copy with the error in it is written all the same.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,  # timestamps would make each run differ
        resources={"metadata": {"path": str(path.parent)}},
    )
    problem = None
    with tempfile.TemporaryDirectory(prefix="evidence-kernel-") as private:
        try:
            asyncio.run(client.async_execute(env=_kernel_environment(private)))
        except CellExecutionError as error:
            problem = _explain(notebook, path, f"{error.ename}: {error.evalue}")
        except (CellTimeoutError, DeadKernelError) as error:
            problem = _explain(notebook, path, str(error).splitlines()[0])
    notebook.metadata.get("language_info", {}).pop("version", None)  # which Python ran it is no content
    write_atomically(target, (nbformat.writes(notebook) + "\n").encode())
    write_atomically(target.with_suffix(".html"), _page(notebook).encode())
    if problem is not None:
        raise problem


def _kernel_environment(private: str) -> dict[str, str]:
    """The environment of the kernel: this interpreter's, without the user's IPython settings and start-up files."""
    return os.environ | {"IPYTHONDIR": private, "JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _explain(notebook: NotebookNode, path: Path, reason: str) -> NotebookError:
    """The error with the number and the first lines of the cell that failed: the first with an error, else not run."""
    failed = next(
        (
            number
            for number, cell in enumerate(notebook.cells, 1)
            if cell.cell_type == "code"
            and (
                any(output.output_type == "error" for output in cell.outputs)
                or (cell.execution_count is None and cell.source.strip())
            )
        ),
        len(notebook.cells),
    )
    source = "\n".join(f"    {line}" for line in notebook.cells[failed - 1].source.splitlines()[:6])
    reason = _COLOUR_CODES.sub("", reason)
    return NotebookError(f"{path.name}, cell {failed} of {len(notebook.cells)}: {reason}\n{source}")


def _page(notebook: NotebookNode) -> str:
    """The executed notebook as a page that needs no network: no script from elsewhere."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="classic", mathjax_url="", require_js_url="", jquery_url="")
    exporter.exclude_input = True
    exporter.exclude_input_prompt = True
    exporter.exclude_output_prompt = True
    page, _ = exporter.from_notebook_node(notebook)
    return page
