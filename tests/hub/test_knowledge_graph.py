"""The knowledge graph: terms in texts, relations, neighbourhoods, triples; on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from conftest import skip_unless_ci
from postgres import postgres_programs, postgres_server
from small_hub import SmallHub, small_hub
from sqlalchemy import select, update

from lepton_hub.graph.course_terms import IN_CLONE, CourseModule, CourseOutline, load_course
from lepton_hub.graph.mention_keeping import keep_mentions
from lepton_hub.graph.mention_tables import MentionState, TermMention

NT_LINE = re.compile(
    r'<[^\x00-\x20<>"{}|^`\\]+> <[^\x00-\x20<>"{}|^`\\]+> '
    r'(<[^\x00-\x20<>"{}|^`\\]+>|"([^"\\\n\r]|\\[tbnrf"\'\\])*") \.'
)
"""A line of N-Triples, of those that the hub writes (W3C's grammar without language and type)."""


def fill(hub: SmallHub) -> str:
    """Make something of each kind; return the question's id."""
    hub.make("ada", "engines/rides", title='Rides "by\tday"', tags=["city"])
    hub.add("ada", "engines/rides", {"a": b"1"})
    hub.grant("ada", "engines/rides", "organisation", "analytical", "contribute")
    hub.add("bose", "engines/rides", {"a": b"2"})
    about = "trained with dropout; batch normalisation, not much else"
    hub.make("bose", "particles/net", kind="model", description=about, tags=["city"])
    hub.add("bose", "particles/net", {"n": b"3"}, made_from=["engines/rides@2"])
    told = {"space": "engines", "name": "note", "title": "Note", "text": "data leakage"}
    hub.post("ada", "/documents", told)
    etag = hub.get("ada", "/documents/engines/note").headers["etag"]
    hub.grant("ada", "engines/note", "person", "bose", "contribute")
    change = {"json": {"text": "target leakage"}, "headers": {"If-Match": etag}}
    assert hub.ask("bose", "PUT", "/documents/engines/note", **change).status_code == 200
    about_section = {"section": "02_data_pipelines/lesson.ipynb#Leakage", "audience": "everybody"}
    asked = {"kind": "question", "title": "Split?", "text": "a grouped split?", "tags": ["data"]}
    thread = hub.post("ada", "/threads", {**about_section, **asked}).json()["id"]
    post = hub.post("curie", f"/threads/{thread}/posts", {"text": "yes"}).json()["id"]
    hub.post("dora", f"/threads/{thread}/posts", {"text": "no"})
    hub.ask("ada", "PUT", f"/threads/{thread}/accepted", json={"post": post})
    hub.post("ada", "/threads", {"item": "engines/note", "title": "Say", "text": "more"})
    return thread


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory) -> Iterator[tuple[SmallHub, str]]:
    with small_hub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub, fill(hub)


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory) -> Iterator[tuple[SmallHub, str]]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        folder = tmp_path_factory.mktemp("hub")
        with small_hub(folder, database=server.new_database("graph")) as hub:
            yield hub, fill(hub)


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def filled(request) -> tuple[SmallHub, str]:
    return request.getfixturevalue(request.param)


def edges(hub: SmallHub, who: str, node: str, **query: object) -> set[tuple[str, str, str]]:
    answer = hub.get(who, "/graph", params={"node": node, **query})
    assert answer.status_code == 200, answer.text
    return {(one["subject"], one["relation"], one["object"]) for one in answer.json()["edges"]}


def test_each_relation_is_found_from_both_of_its_ends(filled):
    hub, thread = filled
    module = "module:basics/02_data_pipelines"
    expected = {
        ("person:ada", "owns", "item:engines/rides"),
        ("person:bose", "contributed_to", "item:engines/rides"),
        ("person:bose", "contributed_to", "item:engines/note"),
        ("person:bose", "in_team", "team:particles"),
        ("item:engines/rides", "belongs_to", "team:engines"),
        ("item:particles/net", "tagged", "tag:city"),
        (f"thread:{thread}", "tagged", "tag:data"),
        ("item:particles/net", "made_from", "item:engines/rides"),
        ("item:particles/net", "mentions", "term:batch normalisation"),
        ("item:engines/note", "mentions", "term:target leakage"),
        (f"thread:{thread}", "mentions", "term:grouped split"),
        (f"thread:{thread}", "about", module),
        ("person:ada", "began", f"thread:{thread}"),
        ("person:curie", "answered", f"thread:{thread}"),
        ("person:dora", "replied_in", f"thread:{thread}"),
        (module, "teaches", "term:target leakage"),
        ("module:basics/03_neural_networks", "builds_on", "module:basics/01_tensors_and_gradients"),
    }

    @cache
    def known(node: str) -> set[tuple[str, str, str]]:
        return edges(hub, "bose", node, depth=1, limit=200)

    for edge in expected:
        assert edge in known(edge[0]) & known(edge[2]), edge
    lines = hub.get("bose", "/graph/triples", params={"format": "tsv"}).text.splitlines()
    assert expected <= {tuple(line.split("\t")) for line in lines}
    assert ("item:engines/note", "mentions", "term:data leakage") not in edges(
        hub, "bose", "item:engines/note"
    )


def test_triples_parse_and_name_versions(filled):
    hub, _ = filled
    answer = hub.get("bose", "/graph/triples")
    assert answer.headers["content-type"] == "application/n-triples"
    lines = answer.text.splitlines()
    assert [line for line in lines if not NT_LINE.fullmatch(line)] == []
    assert len(lines) == len({*lines})
    assert (
        "<urn:lepton:version:particles/net@1> <urn:lepton:relation:made_from> "
        "<urn:lepton:version:engines/rides@2> ."
    ) in lines
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    assert f'<urn:lepton:item:engines/rides> {label} "Rides \\"by day\\"" .' in lines
    assert "<urn:lepton:term:batch%20normalisation>" in answer.text
    assert hub.log(action="graph.download")[0].actor == "bose"


def test_a_neighbourhood_is_bounded_and_says_what_it_left_out(filled):
    hub, _ = filled
    query = {"node": "module:basics/02_data_pipelines", "depth": 3, "limit": 8}
    told = hub.get("bose", "/graph", params=query).json()
    assert len(told["nodes"]) == 8
    assert [one["distance"] for one in told["nodes"]] == [0] + [1] * 7
    start = told["nodes"][0]
    left = sum(one["count"] for one in told["left_out"])
    assert left == start["links"] - start["links_shown"] > 0
    assert {node["kind"] for node in told["nodes"]} == {"module", "term", "question"}
    assert hub.get("bose", "/graph", params=query).json() == told
    for wrong in ({"node": "planet:earth"}, {"depth": 4}, {"limit": 201}, {"node": "item:a\0b"}):
        assert hub.get("bose", "/graph", params=wrong).status_code == 422


def test_mentions_follow_the_text_and_the_course(filled):
    hub, _ = filled
    hub.make("dora", "~dora/x", title="Early stopping")
    assert edges(hub, "dora", "item:~dora/x", depth=1) >= {
        ("item:~dora/x", "mentions", "term:early stopping")
    }
    course = CourseOutline({"m/1": CourseModule("m/1", "M", (), ("stopping",))})
    keep = hub.state.course
    try:  # as when the hub is started again with another course
        keep_mentions(hub.state.sessions, course)
        with hub.state.sessions.begin() as session:
            assert set(session.scalars(select(TermMention.term))) == {"stopping"}
            session.execute(update(MentionState).values(fingerprint=""))
    finally:
        keep_mentions(hub.state.sessions, keep)
    hub.ask("dora", "DELETE", "/items/~dora/x")
    assert hub.get("dora", "/graph", params={"node": "item:~dora/x"}).status_code == 404
    term = hub.get("dora", "/graph", params={"node": "term:early stopping", "depth": 1})
    assert "~dora" not in term.text


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Batch normalisation, dropout", {"batch normalisation", "dropout"}),
        ("BATCH-NORMALISATION", {"batch normalisation"}),
        ("batch, normalisation", {"batch normalisation"}),
        ("minibatch normalisations", set()),
        ("k‑anonymity and the 1×1 convolution", {"k anonymity", "1 1 convolution", "convolution"}),
        ("the key question of this round has value", set()),  # everyday words alone
        ("query, key and value of self-attention", {"query", "key", "value", "self attention"}),
    ],
)
def test_terms_are_whole_words_and_everyday_words_need_company(text, terms):
    assert load_course().terms_in(text) >= terms
    assert load_course().terms_in(text) - terms <= {"attention", "minibatch", "batch size"}


def test_the_course_is_read_from_the_first_place_that_has_one(tmp_path):
    course = load_course((tmp_path, IN_CLONE))
    assert course.taught_by["logits"] == [
        "basics/03_neural_networks", "basics/05_convolutional_networks",
    ]  # fmt: skip
    assert course.module_of("basics/02_data_pipelines/lesson.ipynb#A") == "basics/02_data_pipelines"
    assert course.module_of("02_data_pipelines") == "basics/02_data_pipelines"
    assert course.module_of("02_data/lesson.ipynb") is None
    assert load_course((tmp_path,)).modules == {}
