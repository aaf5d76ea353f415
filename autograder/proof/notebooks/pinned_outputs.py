"""Pinned outputs: stored outputs of tagged cells, compared by nbval's own rules.

A cell is tagged with `nbval-check-output`, or says `# NBVAL_CHECK_OUTPUT`. Pictures are not
compared.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nbformat import NotebookNode

TAG = "nbval-check-output"

NOT_COMPARED = (
    "metadata",
    "traceback",
    "prompt_number",
    "output_type",
    "name",
    "execution_count",
    "application/vnd.jupyter.widget-view+json",
    "image/png",
    "image/jpeg",
    "image/svg+xml",
)


def is_pinned(cell: NotebookNode) -> bool:
    """Return whether a cell's outputs must equal the stored ones."""
    from nbval.plugin import find_comment_markers, find_metadata_tags

    if cell.cell_type != "code":
        return False
    marks = dict([*find_comment_markers(cell.source), *find_metadata_tags(cell.metadata)])
    return marks.get("check") is True


def output_difference(stored: list[NotebookNode], fresh: list[NotebookNode]) -> str | None:
    """Describe how fresh outputs differ from stored ones, or return None."""
    from nbval.plugin import IPyNbCell, coalesce_streams, nocolors

    differences: list[str] = []

    def note(key: str, left: Any, right: Any) -> None:
        differences.append(f"{key}: stored {str(left).strip()!r}, now {str(right).strip()!r}")

    comparison = SimpleNamespace(
        colors=nocolors,
        sanitize=lambda value: value,
        format_output_compare=note,
        comparison_traceback=[],
    )
    copies = [coalesce_streams([NotebookNode(o) for o in outputs]) for outputs in (fresh, stored)]
    if IPyNbCell.compare_outputs(comparison, *copies, skip_compare=NOT_COMPARED):
        return None
    return " ".join(differences or comparison.comparison_traceback)
