"""Send your survey answers from your workspace to the hub, or withdraw them."""

from __future__ import annotations

from pathlib import Path

from lepton_course.hub.connection import HubConnection, HubError
from lepton_course.progress.database import find_workspace, load_history
from lepton_course.progress.schema import SurveyAnswer
from lepton_course.survey.asked import UNCLEAR, shared_text, valid_answers

NOBODY = "nobody"


def send_survey(
    counted_with: str = "", workspace: Path | None = None, hub: HubConnection | None = None
) -> int:
    """Send your answers to the hub, where only you can see them; return how many it has now.

    counted_with: the group whose totals, over five people or more, include them: "team:NAME",
        "organisation" or "nobody". By default as before; at first your team, if you have one.
    workspace: by default the one that contains the notebook.

    Answers that you gave on the hub's page are kept unless your workspace answers the same
    question. Texts are sent as you last shared them. Raises HubError.
    """
    folder = workspace or find_workspace()
    if folder is None:
        raise HubError("Answers are kept in a workspace. Create one with: lepton learn DIR")
    recorded = load_history(folder).survey
    if hub is not None:
        return _send(hub, recorded, counted_with)
    with HubConnection() as own:
        return _send(own, recorded, counted_with)


def take_back_survey(hub: HubConnection | None = None) -> None:
    """Delete your answers on the hub; those in your workspace stay. Raises HubError.

    Totals that already include them stay: the difference would reveal your answers.
    """
    if hub is not None:
        hub.patiently("DELETE", "/needs/replies")
    else:
        with HubConnection() as own:
            own.patiently("DELETE", "/needs/replies")
    print("Your answers on the hub are deleted.")


def _send(hub: HubConnection, recorded: tuple[SurveyAnswer, ...], counted_with: str) -> int:
    there = hub.get("/needs/replies")
    replies = {(one["module"], one["question"]): one["answer"] for one in there["replies"]}
    replies |= valid_answers(recorded)
    for module in {row.module for row in recorded if row.question == UNCLEAR}:
        replies.pop((module, UNCLEAR), None)
        if text := shared_text(recorded, module):
            replies[module, UNCLEAR] = text
    group = _group(counted_with, there["counted_with"], there["groups"])
    told = {
        "counted_with": group,
        "replies": [
            {"module": module, "question": question, "answer": answer}
            for (module, question), answer in sorted(replies.items())
        ],
    }
    kept = hub.patiently("PUT", "/needs/replies", json=told).json()
    count = len(kept["replies"])
    where = f"counted with {kept['counted_with']}" if kept["counted_with"] else "not counted"
    print(f"The hub has {count} of your answers, {where}. Nobody else sees them.")
    return count


def _group(wanted: str, known: str | None, groups: list[str]) -> str | None:
    """Return the group whose totals include somebody. Raises HubError if they must choose."""
    if wanted == NOBODY:
        return None
    teams = [group for group in groups if group.startswith("team:")]
    if not wanted and known is None and len(teams) > 1:
        raise HubError(
            f'Which group should your answers count for? send_survey("{teams[0]}"), or '
            f"{', '.join([*teams[1:], 'organisation', NOBODY])}."
        )
    group = wanted or known or (teams[0] if teams else None)
    return "organisation" if group and group.startswith("organisation") else group
