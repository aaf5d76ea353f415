"""The maintainer's commands: `lepton run`, `lepton certify`, `lepton check`, `lepton new`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

Jobs = Annotated[int | None, typer.Option(min=1, help="How many at a time; one per core.")]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the results there.")
]
Modules = Annotated[
    list[str] | None,
    typer.Argument(metavar="[MODULE]...", help="Such as basics/05_convolutional_networks; all."),
]

SEEDS = 5


def certify(
    modules: Modules = None,
    seeds: Annotated[int, typer.Option(min=1, help="Sets of cases for each exercise.")] = SEEDS,
    jobs: Jobs = None,
    json_file: JsonFile = None,
) -> None:
    """Prove the exercises: right answers pass, wrong ones fail and are told apart."""
    folders = _modules(modules or [])
    if not _certify(folders, seeds, jobs, json_file):
        raise typer.Exit(1)


def _certify(folders: Sequence[Path], seeds: int, jobs: int | None, json_file: Path | None) -> bool:
    from autograder.proof.certification import certificate_tables, certify_modules, to_json

    console = Console(highlight=False)
    certificates = []
    with console.status("Certifying …") as status:
        for certificate in certify_modules(folders, seeds, jobs):
            certificates.append(certificate)
            status.update(f"Certifying … {len(certificates)} exercises done")
    console.print(*certificate_tables(certificates))
    for certificate in certificates:
        for problem in certificate.problems:
            where = f"{certificate.module}: {certificate.name}"
            console.print(f"[red]✗[/red] {escape(where)}: {escape(problem)}", soft_wrap=True)
    _write_json(json_file, to_json(certificates))
    return all(certificate.passed for certificate in certificates)


def _modules(names: Sequence[str]) -> list[Path]:
    from autograder.proof.modules import UnknownModule, select_modules

    try:
        return select_modules(names)
    except UnknownModule as error:
        sys.exit(f"lepton: {error}")


def _write_json(path: Path | None, tree: dict) -> None:
    if path is not None:
        text = json.dumps(tree, indent=1, ensure_ascii=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")


app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(certify)


@app.callback()
def _main() -> None:
    pass


if __name__ == "__main__":
    app()
