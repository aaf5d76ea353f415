"""The results of a run as pages: HTML for people, JUnit XML for machines.

The page has a row for each notebook, with its figures; a click on one shows it in full size.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import jinja2
import nbformat

from autograder.proof.notebooks.notebook_results import Result

PAGE = "index.html"
JUNIT = "junit.xml"
MOST_FIGURES = 24


def write_html(results: Sequence[Result], seconds: float, out: Path) -> Path:
    """Write `out`/index.html and the figures of the executed notebooks; return the page's path."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    figures = {result.file_name: _figures(result, out) for result in results}
    text = environment.get_template("run_report.html.jinja").render(
        results=sorted(results, key=lambda r: (r.status != "failed", r.path, r.kind)),
        figures=figures,
        seconds=seconds,
        failed=sum(bool(result.problems) for result in results),
        cached=sum(result.cached for result in results),
    )
    page = out / PAGE
    page.write_text(text, encoding="utf-8")
    return page


def write_junit(results: Sequence[Result], seconds: float, path: Path) -> None:
    """Write JUnit XML with a test case for each notebook."""
    suite = ElementTree.Element(
        "testsuite",
        name="lepton run",
        tests=str(len(results)),
        failures=str(sum(bool(result.problems) for result in results)),
        errors="0",
        time=f"{seconds:.2f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=result.module.replace("/", "."),
            name=f"{Path(result.path).name} ({result.kind})",
            time=f"{result.seconds:.2f}",
        )
        if result.problems:
            failure = ElementTree.SubElement(case, "failure", message=_clean(result.problems[0]))
            failure.text = _clean("\n".join([*result.problems, "", result.failure]))
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _figures(result: Result, out: Path) -> list[str]:
    """Write the notebook's pictures into `out`/figures; return their paths relative to `out`."""
    notebook = out / "executed" / result.file_name
    if not notebook.is_file():
        return []
    folder = out / "figures"
    folder.mkdir(exist_ok=True)
    written = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get("image/png")
            if data and len(written) < MOST_FIGURES:
                name = f"{notebook.stem}-{len(written) + 1}.png"
                (folder / name).write_bytes(base64.b64decode(data))
                written.append(f"figures/{name}")
    return written


def _clean(text: str) -> str:
    """Remove the control characters that XML cannot represent."""
    return "".join(c for c in text if c in "\n\t" or c >= " ")
