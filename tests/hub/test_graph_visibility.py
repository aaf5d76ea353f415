"""What somebody may not see changes not a byte of graph, triples, page and suggestions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from page_visitor import PageVisitor
from small_hub import DORA, SmallHub, small_hub

_TOKEN = re.compile("[0-9a-f]{64}")
"""A form's token, which each visit has its own of."""
TEXTS = ["dropout and logits", "rain gauge by the river", "early stopping, rain", "gauge dropout"]
TAGS = ["rain", "training", "river"]
NODES = [
    "person:dora", "person:ada", "person:curie", "team:particles", "tag:rain", "tag:river",
    "tag:secret", "term:dropout", "module:basics/04_training_well", "item:engines/seen",
    "item:particles/hidden-0",
]  # fmt: skip

SECRETS = [
    ("dataset", TEXTS[0], ["rain", "secret"]),
    ("document", TEXTS[1], ["training"]),
    ("thread", TEXTS[2], ["river"]),
    ("section", TEXTS[3], ["rain"]),
    ("version", TEXTS[1], []),
    ("answer", TEXTS[0], ["secret"]),
]
"""Out of words, tags and people that somebody sees, so that each could have an influence."""


def fill(hub: SmallHub) -> None:
    """Make what Dora, who is in no team, may see: granted or for everybody."""
    hub.make("ada", "engines/seen", title="Rain gauge", tags=["rain"], category="weather")
    hub.add("ada", "engines/seen", {"a": b"1"})
    hub.grant("ada", "engines/seen", "everybody", "", "read")
    told = {"space": "~dora", "name": "mine", "title": "Dropout", "text": TEXTS[2]}
    hub.post("dora", "/documents", {**told, "tags": ["training"]})
    about = {"section": "04_training_well/lesson.ipynb#Dropout", "audience": "everybody"}
    hub.post("bose", "/threads", {**about, "title": "Logits?", "text": TEXTS[0], "tags": ["rain"]})


def hide(hub: SmallHub, number: int, kind: str, text: str, tags: list[str]) -> None:
    """Make something that Dora may not see, out of words, tags and people that she may."""
    hidden = f"particles/hidden-{number}"
    hub.make("curie", hidden, title=text, tags=tags, category="weather")
    hub.add("curie", hidden, {"a": b"2"}, made_from=["engines/seen@1"])
    if kind == "document":
        told = {"space": "~ada", "name": f"d{number}", "title": text, "text": text, "tags": tags}
        hub.post("ada", "/documents", told)
    elif kind == "thread":
        told = {"item": hidden, "title": text, "text": text, "tags": tags, "kind": "question"}
        hub.post("bose", "/threads", told)
    elif kind == "section":
        told = {"section": "04_training_well/lesson.ipynb", "audience": "team:engines"}
        hub.post("ada", "/threads", {**told, "title": text, "text": text, "tags": tags})
    elif kind == "version":
        hub.add("curie", hidden, {"a": b"3"}, made_from=[f"{hidden}@1", "engines/seen@1"])
    elif kind == "answer":
        told = {"item": hidden, "title": text, "text": text, "kind": "question"}
        thread = hub.post("curie", "/threads", told).json()["id"]
        post = hub.post("bose", f"/threads/{thread}/posts", {"text": text}).json()["id"]
        hub.ask("curie", "PUT", f"/threads/{thread}/accepted", json={"post": post})


def answers(hub: SmallHub, who: str, nodes: Sequence[str] = NODES) -> dict[str, tuple[int, str]]:
    """Return all that the graph and suggestions tell somebody."""
    found = {}
    for node in nodes:
        query = {"node": node, "depth": "2", "limit": "200"}
        found[node] = hub.get(who, "/graph", params=query)
    for kind in ("nt", "tsv"):
        found[kind] = hub.get(who, "/graph/triples", params={"format": kind})
    for text in TEXTS[:2]:
        found[text] = hub.get(who, "/suggestions/tags", params={"text": text, "limit": 20})
    found["item"] = hub.get(who, "/suggestions/tags", params={"item": "engines/seen"})
    visitor = PageVisitor(hub, who)
    for node in ("person:dora", "tag:rain"):
        found[f"page {node}"] = visitor.get("/pages/graph", params={"node": node})
    return {name: (one.status_code, _TOKEN.sub("", one.text)) for name, one in found.items()}


def test_nothing_unseen_has_an_influence(tmp_path):
    with small_hub(tmp_path) as hub:
        fill(hub)
        before = answers(hub, "dora")
        for number, one in enumerate(SECRETS):
            hide(hub, number, *one)
        after = answers(hub, "dora")
        for name, answer in before.items():
            assert after[name] == answer, name
        # The same is told to who may see it: the comparison above can fail.
        query = {"node": "item:particles/hidden-0"}
        assert hub.get("curie", "/graph", params=query).status_code == 200
        assert "hidden-0" in hub.get("grace", "/graph/triples").text


def test_a_grant_shows_it_and_its_end_hides_it_again(tmp_path):
    with small_hub(tmp_path) as hub:
        fill(hub)
        hide(hub, 0, "answer", TEXTS[0], ["secret"])
        nodes = ["tag:secret", "item:engines/seen", "person:curie"]
        before = answers(hub, "dora", nodes)
        assert before["tag:secret"][0] == 404
        hub.grant("curie", "particles/hidden-0", "person", "dora", "read")
        seen = answers(hub, "dora", nodes)
        assert seen["tag:secret"][0] == 200
        assert "item:particles/hidden-0" in seen["item:engines/seen"][1]
        assert "urn:lepton:version:particles/hidden-0@1" in seen["nt"][1]
        assert '"secret"' in seen[TEXTS[0]][1]
        query = {"subject": "person", "of": "dora"}
        hub.ask("curie", "DELETE", "/items/particles/hidden-0/grants", params=query)
        assert answers(hub, "dora", nodes) == before


def test_teams_of_others_are_not_told(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.make("bose", "~bose/x")
        hub.grant("bose", "~bose/x", "everybody", "", "read")
        told = hub.get("dora", "/graph", params={"node": "person:bose"}).json()
        assert [node["id"] for node in told["nodes"]] == ["person:bose", "item:~bose/x"]
        mine = hub.get("bose", "/graph", params={"node": "person:bose", "depth": 1}).json()
        teams = {edge["object"] for edge in mine["edges"] if edge["relation"] == "in_team"}
        assert teams == {"team:engines", "team:particles"}
        hub.known.people["dora"] = replace(DORA, teams=frozenset({"engines"}))
        assert "team:engines" in hub.get("dora", "/graph").text
        assert "in_team" not in hub.get("dora", "/graph", params={"node": "person:bose"}).text


def test_what_does_not_exist_and_what_is_hidden_answer_alike(tmp_path):
    with small_hub(tmp_path) as hub:
        fill(hub)
        hide(hub, 0, "thread", TEXTS[0], ["secret"])
        [thread] = hub.get("grace", "/threads", params={"item": "particles/hidden-0"}).json()[
            "threads"
        ]
        nothing = hub.get("dora", "/graph", params={"node": "item:particles/nothing"})
        nowhere = PageVisitor(hub, "dora").get("/pages/graph", params={"node": "tag:nothing"})
        assert (nothing.status_code, nowhere.status_code) == (404, 404)
        for node in (
            "item:particles/hidden-0", "tag:secret", "team:particles", f"thread:{thread['id']}",
        ):  # fmt: skip
            answer = hub.get("dora", "/graph", params={"node": node})
            assert (answer.status_code, answer.content) == (404, nothing.content)
            page = PageVisitor(hub, "dora").get("/pages/graph", params={"node": node})
            assert page.status_code == 404
            assert "particles" not in page.text and thread["id"] not in page.text
        query = {"item": "particles/hidden-0"}
        hidden = hub.get("dora", "/suggestions/tags", params=query)
        assert (hidden.status_code, hidden.content) == (404, nothing.content)
