"""`lepton hub …` with one made-up person more: dora, of a third team. Run it as a program."""

from __future__ import annotations

from lepton_hub.commands import hub_app
from lepton_hub.identity import made_up

made_up.PEOPLE["dora"] = ("team-ledgers", "organisation-analytical")  # type: ignore[index]

if __name__ == "__main__":
    hub_app()
