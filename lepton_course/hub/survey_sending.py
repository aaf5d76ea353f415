"""Send your answers to the survey from your workspace to the hub, and take them back."""

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
    """Send your answers to the hub, where you alone see them; return how many the hub has now.

    counted_with: with whom they are counted, in sums over five people or more: "team:NAME",
        "organisation" or "nobody". By default as before; at first with your team, if you have one.
    workspace: by default the one that the notebook is in.

    Answers that you gave on the hub's page stay, unless your workspace has others. Texts are sent
    as you last shared them. Raises HubError.
    """
    folder = workspace or find_workspace()
    if folder is None:
        raise HubError("Your answers are kept in a workspace. Make one with: lepton learn DIR")
    recorded = load_history(folder).survey
    if hub is not None:
        return _send(hub, recorded, counted_with)
    with HubConnection() as own:
        return _send(own, recorded, counted_with)


def take_back_survey(hub: HubConnection | None = None) -> None:
    """Delete your answers on the hub; those in your workspace stay. Raises HubError.

    What has been counted stays in its sum: taken out again, the difference would be yours.
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
    print(f"The hub has {count} answers of yours, {where}. Nobody else sees them.")
    return count


def _group(wanted: str, known: str | None, groups: list[str]) -> str | None:
    """Return with whom somebody is counted. Raises HubError where they must choose."""
    if wanted == NOBODY:
        return None
    teams = [group for group in groups if group.startswith("team:")]
    if not wanted and known is None and len(teams) > 1:
        raise HubError(
            f'With whom shall your answers be counted? send_survey("{teams[0]}"), or '
            f"{', '.join([*teams[1:], 'organisation', NOBODY])}."
        )
    group = wanted or known or (teams[0] if teams else None)
    return "organisation" if group and group.startswith("organisation") else group
