"""The form for submitting a job: parsing, and messages about problems."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import ValidationError

from lepton_hub.api.jobs.job_answers import JobAnswer
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_types import NewJob
from lepton_hub.pages.forms import Fields, problems_of

GIB = 2**30
FIELDS = (
    "program", "path", "inputs", "parameters", "processors", "memory", "minutes", "priority",
    "team", "result",
)  # fmt: skip

SENTENCES = {
    "program": "Name a version, such as city/forecast@2.",
    "path": "Name a file of the program, such as train.py.",
    "inputs": "One version per line, for example city/ridership@3; at most 20.",
    "parameters": "One per line, for example epochs = 20; names as in Python.",
    "processors": "A whole number of at least 1.",
    "memory": "A number of GiB of at least 0.07, such as 2 or 0.5.",
    "seconds": "A number of minutes, such as 30.",
    "priority": "Choose one of the options.",
    "team": "Choose one of your teams.",
    "result": "Name an item without a version, such as city/forecast-model.",
}


class WrongLine(ValueError):
    """A line of the form cannot be read."""


def blank_job(person: Person, told: Mapping[str, str]) -> dict[str, str]:
    """Return the form's fields. told: prefilled ones."""
    usual = {"processors": "1", "priority": "normal", "team": min(person.teams, default="")}
    return {name: told.get(name, usual.get(name, "")) for name in FIELDS}


def read_job(form: Fields) -> tuple[NewJob | None, dict[str, str]]:
    """Return the job a form describes, and messages by field."""
    told = {name: form.get(name, "").strip() for name in FIELDS}
    problems: dict[str, str] = {}
    limits: dict[str, object] = {}
    for name, factor, limit in (("memory", GIB, "memory"), ("minutes", 60, "seconds")):
        if told[name]:
            try:
                limits[limit] = round(float(told[name]) * factor)
            except (ValueError, OverflowError):
                problems[name] = SENTENCES[limit]
    limits["processors"] = told["processors"] or 1
    parameters: dict[str, object] = {}
    try:
        parameters = read_parameters(told["parameters"])
    except WrongLine as error:
        problems["parameters"] = f"{error} {SENTENCES['parameters']}"
    try:
        job = NewJob.model_validate(
            {
                "program": told["program"].removeprefix("hub:"),
                "path": told["path"] or None,
                "inputs": [line.removeprefix("hub:") for line in told["inputs"].split()],
                "parameters": parameters,
                "limits": limits,
                "priority": told["priority"] or "normal",
                "team": told["team"] or None,
                "result": told["result"].removeprefix("hub:"),
            }
        )
    except ValidationError as error:
        named = {"seconds": "minutes"}
        for name, sentence in problems_of(error, SENTENCES).items():
            problems.setdefault(named.get(name, name if name in FIELDS else "parameters"), sentence)
        return None, problems
    return (None if problems else job), problems


def typed_again(job: JobAnswer, person: Person) -> dict[str, str]:
    """Return the form fields for submitting a job again."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in job.parameters.items()]
    return {
        "program": job.program or "",
        "path": job.path,
        "inputs": "\n".join(job.inputs),
        "parameters": "\n".join(lines),
        "processors": str(job.limits.processors),
        "memory": f"{job.limits.memory / GIB:g}",
        "minutes": f"{job.limits.seconds / 60:g}",
        "priority": job.priority.value,
        **({"team": job.share} if job.share in person.teams else {}),
        "result": (job.result or "").partition("@")[0],
    }


def read_parameters(text: str) -> dict[str, object]:
    r"""Parse parameters, one per line, such as `epochs = 20`; values that are not JSON are text.

    >>> read_parameters('epochs = 20\nname = a b')
    {'epochs': 20, 'name': 'a b'}

    Raises WrongLine.
    """
    found: dict[str, object] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if not equals:
            raise WrongLine(f"{line[:40]!r} has no =.")
        try:
            found[name.strip()] = json.loads(value)
        except (ValueError, RecursionError):
            found[name.strip()] = value.strip()
    return found
