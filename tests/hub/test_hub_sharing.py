"""Requests that an owner answers, and links that expire."""

from __future__ import annotations

from datetime import timedelta

import pytest
from page_visitor import PageVisitor
from small_hub import SmallHub, small_hub
from sqlalchemy import event

from lepton_hub.database.moments import now
from lepton_hub.permissions import AccessRequest, SharedLink, grants

ITEM = "/items/engines/rides"


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.make("ada", "engines/rides")
        hub.add("ada", "engines/rides", {"a.csv": b"1"})
        hub.add("ada", "engines/rides", {"a.csv": b"2"})
        yield hub


def ask_for(hub: SmallHub, who: str, item: str, **more):
    return hub.post(who, "/requests", {"item": item, **more})


def test_an_owner_answers_a_request(hub: SmallHub):
    made = ask_for(hub, "curie", "hub:engines/rides@2", role="contribute", message="For the model")
    [waiting] = hub.get("ada", "/requests/to-me").json()["requests"]
    assert (waiting["person"], waiting["role"], waiting["message"]) == (
        "curie", "contribute", "For the model",
    )  # fmt: skip
    assert hub.get("bose", f"{ITEM}/requests").status_code == 403
    answered = hub.post("ada", f"{ITEM}/requests/{waiting['id']}", {"granted": True})
    assert answered.json()["answer"] == "granted"
    assert hub.get("curie", ITEM).json()["actions"] == ["view", "add_version", "edit_card"]
    assert hub.get("curie", "/requests").json()["requests"][0]["answer"] == "granted"
    again = hub.post("ada", f"{ITEM}/requests/{made.json()['id']}", {"granted": False})
    assert again.status_code == 404
    assert hub.log(action="request.answer")[0].detail["of"] == "curie"


def test_an_item_has_a_bounded_number_of_grants(hub: SmallHub, monkeypatch):
    """The words of an item are indexed for each of them: who edits it would keep all waiting."""
    monkeypatch.setattr(grants, "MOST_GRANTS", 2)
    request = ask_for(hub, "dora", "engines/rides").json()["id"]
    for name in ("curie", "bose"):
        assert hub.grant("ada", "engines/rides", "person", name, "read").status_code == 200
    full = hub.grant("ada", "engines/rides", "team", "particles", "read")
    assert full.status_code == 409
    assert "Grant the role to a team" in full.json()["detail"]
    answered = f"{ITEM}/requests/{request}"
    assert hub.post("ada", answered, {"granted": True}).status_code == 409
    assert hub.grant("ada", "engines/rides", "person", "bose", "manage").status_code == 200
    assert hub.ask("ada", "DELETE", f"{ITEM}/grants?subject=person&of=curie").is_success
    assert hub.post("ada", answered, {"granted": True}).status_code == 200
    sharing = "/pages/items/engines/rides/sharing"
    visitor = PageVisitor(hub, "ada")
    told = {"subject": "team", "name": "particles", "role": "read"}
    page = visitor.send(f"{sharing}/grants", told)
    assert page.status_code == 422
    assert "Grant the role to a team" in page.text


def test_who_waits_is_found_in_one_query_however_much_somebody_owns(hub: SmallHub):
    for number in range(12):
        hub.make("ada", f"engines/more-{number}")
    for item in ("engines/more-7", "engines/rides", "~dora/none"):
        ask_for(hub, "curie", item)
    hub.make("ada", "engines/gone")
    ask_for(hub, "curie", "engines/gone")
    hub.ask("ada", "DELETE", "/items/engines/gone")
    statements: list[str] = []

    def executed(connection: object, cursor: object, statement: str, *_: object) -> None:
        statements.extend([statement] * ("access_requests" in statement))

    event.listen(hub.state.engine, "before_cursor_execute", executed)
    found = hub.get("ada", "/requests/to-me").json()["requests"]
    event.remove(hub.state.engine, "before_cursor_execute", executed)
    assert [one["item"] for one in found] == ["engines/more-7", "engines/rides"]
    assert len(statements) == 1


def test_a_refusal_and_an_item_that_is_not_there_look_alike_to_who_asks(hub: SmallHub):
    for item in ("engines/rides", "engines/nothing"):
        assert ask_for(hub, "curie", item).status_code == 202
    [waiting] = hub.get("ada", f"{ITEM}/requests").json()["requests"]
    hub.post("ada", f"{ITEM}/requests/{waiting['id']}", {"granted": False})
    assert hub.get("ada", f"{ITEM}/requests").json()["requests"] == []
    mine = hub.get("curie", "/requests").json()["requests"]
    assert [one["answer"] for one in mine] == ["waiting", "waiting"]
    again = ask_for(hub, "curie", "engines/rides")
    assert again.json()["id"] == waiting["id"], "asking again is no second request"


def test_nobody_floods_owners_with_requests(hub: SmallHub):
    answers = [ask_for(hub, "curie", f"engines/item-{n}").status_code for n in range(21)]
    assert answers == [*[202] * 20, 409]
    with hub.state.sessions.begin() as session:
        for request in session.query(AccessRequest):
            request.asked_at = now() - timedelta(days=31)
    assert hub.get("curie", "/requests").json()["requests"] == []
    assert ask_for(hub, "curie", "engines/rides").status_code == 202


def test_a_link_shows_one_item_to_who_has_it_until_it_expires(hub: SmallHub):
    made = hub.post("ada", f"{ITEM}/links", {"hours": 1}).json()
    path = made["path"]
    told = hub.get("dora", path).json()
    assert told["reference"] == "engines/rides"
    assert [version["number"] for version in told["versions"]] == [2, 1]
    assert hub.get("dora", f"{path}/files/1/a.csv").content == b"1"
    assert hub.get("dora", ITEM).status_code == 404, "the link opens nothing else"
    assert hub.client.get(path).status_code == 401, "who it was stays known"
    assert hub.log(action="link.follow")[0].actor == "dora"
    listed = hub.get("ada", f"{ITEM}/links").json()["links"]
    assert [(link["id"], link["path"]) for link in listed] == [(made["id"], None)]
    with hub.state.sessions.begin() as session:
        session.get(SharedLink, made["id"]).expires_at = now() - timedelta(seconds=1)
    unknown = hub.get("dora", f"/links/{'x' * 43}")
    for dead in (path, f"{path}/files/1/a.csv"):
        assert hub.get("dora", dead).content == unknown.content
    assert all(path.split("/")[-1] not in str(entry) for entry in hub.log(limit=1000))


def test_a_link_to_a_version_shows_that_one_and_can_be_ended(hub: SmallHub):
    made = hub.post("ada", f"{ITEM}/links", {"version": 1}).json()
    told = hub.get("dora", made["path"]).json()
    assert [version["number"] for version in told["versions"]] == [1]
    for number in ("2", "newest"):
        assert hub.get("dora", f"{made['path']}/files/{number}/a.csv").status_code == 404
    assert hub.post("ada", f"{ITEM}/links", {"version": 3}).status_code == 404
    assert hub.post("bose", f"{ITEM}/links", {}).status_code == 403
    hub.make("curie", "particles/other")
    other = f"/items/particles/other/links/{made['id']}"
    assert hub.ask("curie", "DELETE", other).status_code == 404
    assert hub.ask("ada", "DELETE", f"{ITEM}/links/{made['id']}").status_code == 204
    assert hub.get("dora", made["path"]).status_code == 404


@pytest.mark.parametrize(
    "told",
    [
        {"subject": "person", "name": "", "role": "read"},
        {"subject": "everybody", "name": "ada", "role": "read"},
        {"subject": "person", "name": "dora", "role": "owner"},
        {"subject": "person", "name": "a b", "role": "read"},
        {"subject": "planet", "name": "x", "role": "read"},
    ],
)
def test_a_grant_that_means_nothing_is_refused(hub: SmallHub, told):
    assert hub.ask("ada", "PUT", f"{ITEM}/grants", json=told).status_code == 422


def test_a_grant_replaces_the_one_by_the_same_words(hub: SmallHub):
    for role in ("read", "manage"):
        hub.grant("ada", "engines/rides", "organisation", "quantum", role)
    [grant] = hub.get("ada", f"{ITEM}/grants").json()["grants"]
    assert (grant["subject"], grant["name"], grant["role"]) == ("organisation", "quantum", "manage")
    assert hub.get("curie", f"{ITEM}/grants").status_code == 200
