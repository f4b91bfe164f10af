"""Notebooks run from top to bottom without a browser, into copies that are the same in each run."""

from __future__ import annotations

import asyncio
import copy
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
        extra_arguments=["--log-level=ERROR"],  # ipykernel warns of a local connection on every start
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
    write_atomically(target.with_suffix(".html"), _page(notebook, path.stem).encode())
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


_TEMPLATE = """\
{%- extends 'classic/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_css -%}
<style>#notebook-container { width: auto; max-width: 80em; }</style>
{%- endblock html_head_css -%}
"""
"""nbconvert's classic page without the scripts that it would load from elsewhere."""


def _page(notebook: NotebookNode, name: str) -> str:
    """The executed notebook as a page without its code, that needs no script and no network."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="classic", raw_template=_TEMPLATE)
    exporter.exclude_input = True
    exporter.exclude_input_prompt = True
    exporter.exclude_output_prompt = True
    page, _ = exporter.from_notebook_node(_with_links_to_pages(notebook), resources={"metadata": {"name": name}})
    return page


def _with_links_to_pages(notebook: NotebookNode) -> NotebookNode:
    """A copy whose links to other notebooks lead to their pages."""
    copied = copy.deepcopy(notebook)
    for cell in copied.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\(([\w-]+)\.ipynb\)", r"](\1.html)", cell.source)
    return copied
