"""Pages tell nobody of what they may not see, and every link leads somewhere."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from page_visitor import PageContent, PageVisitor
from small_hub import SmallHub, small_hub

SECRET = "Quince"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub in which particles keep a secret from engines; grace may manage everything."""
    with small_hub(tmp_path_factory.mktemp("hub")) as made:
        fill(made)
        yield made


def fill(hub: SmallHub) -> None:
    """Make items, documents, discussions and requests in several spaces."""
    for who, space in (("curie", "particles"), ("ada", "engines"), ("dora", "~dora")):
        title = SECRET if space == "particles" else "Riders"
        tag = "quincetag" if space == "particles" else "riders"
        hub.make(who, f"{space}/data", title=title, tags=[tag], category=tag, description=title)
        rows = f"{title},b\n1,2\n".encode()
        hub.add(who, f"{space}/data", {"a.csv": rows, "b.py": rows}, note=title)
        hub.add(who, f"{space}/data", {"a.csv": rows * 2}, made_from=[f"{space}/data@1"])
        note = {"space": space, "name": "note", "title": title, "text": title, "tags": [tag]}
        hub.post(who, "/documents", note)
        told = {"item": f"{space}/data", "title": title, "text": title, "kind": "question"}
        hub.post(who, "/threads", told)
        hub.post("bose", "/requests", {"item": f"{space}/data"})
        hub.ask(who, "PUT", f"/subscriptions/team/{space.strip('~')}")
        hub.post(who, f"/items/{space}/data/links", {})
        hub.grant(who, f"{space}/data", "organisation", "quantum", "read")
    for kind, target in (("team", "particles"), ("person", "curie"), ("tag", "quincetag")):
        hub.ask("ada", "PUT", f"/subscriptions/{kind}/{target}")


HIDDEN = "/pages/items/particles/data"
NOT_THERE = "/pages/items/particles/nothing"
BELOW = ["", "/card", "/sharing", "/delete", "/versions/new", "/file?path=a.csv", "?version=1"]


@pytest.mark.parametrize("below", BELOW)
def test_what_one_may_not_see_looks_like_what_does_not_exist(hub, below):
    ada = PageVisitor(hub, "ada")
    hidden = ada.get(HIDDEN + below)
    missing = ada.get(NOT_THERE + below)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text == missing.text.replace("particles%2Fnothing", "particles%2Fdata")
    assert hub.log(limit=2)[0].action == hub.log(limit=2)[1].action == "refused"


SENT = [
    ("/card", {"title": "x"}),
    ("/delete", {"typed_name": "data"}),
    ("/versions/new", {"note": "x"}),
    ("/sharing/grants", {"subject": "person", "name": "ada", "role": "manage"}),
    ("/sharing/grants", {"subject": "person", "name": "", "role": "x"}),
    ("/sharing/grants", {"subject": "organisation", "name": "quantum", "wish": "take"}),
    ("/sharing/links", {"hours": "1"}),
    ("/sharing/links", {"hours": "x"}),
    ("/sharing/links", {"link": "x", "wish": "end"}),
    ("/sharing/requests/x", {"answer": "grant"}),
]


@pytest.mark.parametrize(("below", "fields"), SENT)
def test_no_form_changes_or_tells_what_one_may_not(hub, below, fields):
    ada = PageVisitor(hub, "ada")
    hidden = ada.send(HIDDEN + below, fields)
    missing = ada.send(NOT_THERE + below, fields)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text == missing.text.replace("particles%2Fnothing", "particles%2Fdata")
    reader = PageVisitor(hub, "bose")  # of the team that reads it
    assert reader.send(HIDDEN + below, fields).status_code == 403
    assert hub.get("curie", "/items/particles/data").json()["title"] == SECRET
    assert PageVisitor(hub, None).client.post(HIDDEN + below, data=fields).status_code == 403


@pytest.mark.parametrize("who", ["ada", "dora"])
def test_no_list_search_or_count_tells_of_it(hub, who):
    visitor = PageVisitor(hub, who)
    for path in (
        "/pages/",
        "/pages/items",
        "/pages/items?tag=quincetag",
        "/pages/items?category=quincetag",
        "/pages/items?space=particles",
        "/pages/search",
        f"/pages/search?q={SECRET}",
        "/pages/search?team=particles",
        "/pages/search?owner=curie",
        "/pages/team",
        "/pages/requests",
        "/pages/digest",
        "/pages/discussions",
        "/pages/documents",
    ):
        page = visitor.see(path)
        asked = path.partition("?")[2]
        text = page.html.replace(asked, "")
        assert SECRET not in re.sub(f'value="{SECRET}"|for {SECRET}|: {SECRET}', "", text), path
        assert not any("particles/data" in link for link in page.links), path
        if asked:
            assert "0 found" in page.text or "0 items" in page.text, path


@pytest.mark.parametrize("who", ["ada", "bose", "dora"])
def test_administration_does_not_exist_for_others(hub, who):
    visitor = PageVisitor(hub, who)
    missing = visitor.get("/pages/nothing").text
    for path in ("/pages/administration", "/pages/administration/log"):
        assert visitor.get(path).text == missing
    assert visitor.send("/pages/administration/log/check").text == missing
    assert "Administration" not in visitor.see("/pages/").text


def test_an_administrator_browses_the_log_and_has_it_checked(hub):
    grace = PageVisitor(hub, "grace")
    assert "never been verified" in grace.see("/pages/administration").text
    grace.after(grace.send("/pages/administration/log/check"))
    page = grace.see("/pages/administration")
    assert "The audit log is intact" in page.text
    assert "by grace" in page.text
    for secret in (str(hub.state.form_key), "BEGIN", "password"):
        assert secret not in page.html
    page = grace.see("/pages/administration/log?actor=curie&action=item.make")
    assert "particles/data" in page.text
    older = next(link for link in grace.see("/pages/administration/log").links if "before=" in link)
    assert grace.see(older).text
    for wrong in ("before=x", "before=0", "actor=" + "x" * 301):
        assert grace.get(f"/pages/administration/log?{wrong}").status_code == 404
    assert {"administration.read", "audit.read", "audit.verify"} <= {
        entry.action for entry in hub.log(actor="grace")
    }


MOST_QUERIES = 2
"""How many addresses that differ in their query alone are looked at."""


@pytest.mark.parametrize("who", ["ada", "dora", "grace"])
def test_every_link_of_every_page_that_somebody_reaches_leads_somewhere(hub, who):
    visitor = PageVisitor(hub, who)
    seen: dict[str, set[str]] = defaultdict(set)
    ahead = ["/pages/"]
    while ahead:
        path = ahead.pop(0)
        answer = visitor.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        if not answer.headers["content-type"].startswith("text/html") or path == "/docs":
            continue
        page = PageContent(answer.text)
        levels = [level for level, _ in page.headings]
        assert levels[0] == 1, path
        assert levels.count(1) == 1, path
        steps = zip(levels, levels[1:], strict=False)
        assert all(after <= before + 1 for before, after in steps), (path, page.headings)
        for form in page.forms:
            assert form.method == "get" or "form_token" in form.fields, path
        for address in [*page.links, *page.sources]:
            place, _, query = address.partition("#")[0].partition("?")
            is_new = query not in seen[place] and len(seen[place]) < MOST_QUERIES
            if place.startswith("/") and is_new:
                seen[place].add(query)
                ahead.append(f"{place}?{query}" if query else place)
    assert len(seen) > 20


def test_links_lead_to_this_hub_alone_unless_somebody_wrote_them(hub):
    for path in ("/pages/", "/pages/items", "/pages/team", "/pages/search"):
        page = PageVisitor(hub, "curie").see(path)
        assert all(link.startswith(("/", "#")) for link in [*page.links, *page.sources])
