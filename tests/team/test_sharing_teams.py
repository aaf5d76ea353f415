"""Who is in which team, as `team.yml` says: what JupyterHub's groups are made of."""

from __future__ import annotations

import pytest

from lepton_team.courses import TeamError
from lepton_team.folders import HubFolders
from lepton_team.sharing import Teams, read_teams, sharing_groups, told_to_hub
from lepton_team.sign_in import course_groups

TEAM = """
courses: {}
teams:
  engines: [ada, bose]
  particles: [bose]
organisations:
  analytical: [engines]
administrators: [curie]
"""


@pytest.fixture
def folders(tmp_path):
    return HubFolders(tmp_path)


def test_teams_and_organisations_become_groups(folders):
    folders.team_file.write_text(TEAM)
    teams = read_teams(folders)
    assert sharing_groups(teams, "ada") == ["team-engines", "organisation-analytical"]
    assert sharing_groups(teams, "bose") == [
        "team-engines", "team-particles", "organisation-analytical",
    ]  # fmt: skip
    assert sharing_groups(teams, "curie") == ["hub-administrators"]
    assert sharing_groups(teams, "mallory") == []


def test_the_accounts_of_services_are_in_no_team(folders):
    folders.team_file.write_text("teams: {engines: [lepton-hub, course-x]}")
    teams = read_teams(folders)
    assert sharing_groups(teams, "lepton-hub") == sharing_groups(teams, "course-x") == []


def test_a_file_without_teams_has_none(folders):
    folders.team_file.write_text("courses: {}\nteams:\n")
    assert read_teams(folders) == Teams()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("teams: [ada]", "each has a list"),
        ("teams: {engines: 3}", "each has a list"),
        ("organisations: {a: [engines]}", "engines"),
        ("teams: {'a/b': [ada]}", "a/b"),
        ("teams: [", "each has a list"),
    ],
)
def test_a_mistake_in_the_file_is_said_in_words(folders, text, words):
    folders.team_file.write_text(text)
    with pytest.raises(TeamError, match=words):
        read_teams(folders)


def test_a_providers_groups_may_be_teams():
    claimed = ["team-engines", "organisation-a", "hub-administrators", "staff", "admin"]
    assert course_groups(claimed, {}) == {"team-engines", "organisation-a", "hub-administrators"}
    assert course_groups(["staff"], {"staff": "team-engines"}) == {"team-engines"}


def test_the_hub_gets_the_account_of_its_bucket_and_nothing_else():
    account = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    own = {"LEPTON_HUB_WORKERS": "2"}
    others = {"PATH": "/bin", "JUPYTERHUB_CRYPT_KEY": "key", "LEPTON_TEAM": "/srv"}
    assert told_to_hub({**own, **account, **others}) == own
    own["LEPTON_HUB_BLOBS"] = "s3://bucket/folder"
    assert told_to_hub({**own, **account, **others}) == {**own, **account}
    own["LEPTON_HUB_BLOBS"] = "/srv/s3://x"
    assert told_to_hub({**own, **account, **others}) == own
