"""What somebody may not see makes no answer slower: the database does the same work for it.

Work is counted, not timed (see `database_work`), so that the answer is the same on every machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from database_work import counted_work
from every_get import address_of, fill_every_address, read, readable_routes
from hidden_things import SECTION, add_hidden_things
from small_hub import SmallHub, small_hub

FEW, MANY = 12, 36
"""A few hidden things are there from the beginning: an index that ends after what somebody sees
takes a step less than one that goes on."""
ONE_ROW = 12
"""Steps in which SQLite reads the id, owner and team of an item that it has found by its name, less
than a millionth of a second: all that tells a name that is taken from one that is not."""
FOLLOWED = (
    ("tag", "riders"), ("person", "curie"), ("team", "particles"), ("item", "engines/rides"),
)  # fmt: skip
NARROWED = (
    "/items?tag=riders",
    "/items?space=particles",
    "/items?owner=curie",
    "/items?category=rides&kind=dataset",
    "/items?text=riders",
    f"/threads?section={SECTION.replace('#', '%23')}",
    "/threads?by=curie",
    "/threads?tag=riders&kind=question&answered=false",
    "/threads?item=engines/rides",
    "/jobs?state=queued",
    "/pages/items?tag=riders",
    "/pages/documents?tag=riders",
    "/pages/discussions?tag=riders",
)
NODES = (
    "person:ada", "person:curie", "team:engines", "team:particles", "tag:riders",
    "term:calibration", "module:basics/08_evaluation", "item:engines/rides",
    "item:particles/rides-1",
)  # fmt: skip
ABSENT = (
    ("/items/particles/rides-1", "/items/particles/absent"),
    ("/items/~curie/rides-0", "/items/~curie/absent"),
    ("/items/~curie/rides-0/grants", "/items/~curie/absent/grants"),
    ("/items/particles/rides-1/versions/1", "/items/particles/absent/versions/1"),
    ("/items/particles/rides-5", "/items/particles/absent"),
    ("/documents/particles/rides-3", "/documents/particles/absent"),
    ("/data?id=particles/rides-1", "/data?id=particles/absent"),
    ("/document?id=particles/rides-3", "/document?id=particles/absent"),
    ("/graph?node=item:particles/rides-1", "/graph?node=item:particles/absent"),
    ("/graph?node=person:curie", "/graph?node=person:nobody"),
    ("/graph?node=team:particles", "/graph?node=team:nobody"),
    ("/pages/items/particles/rides-1", "/pages/items/particles/absent"),
    ("/pages/documents/particles/rides-3", "/pages/documents/particles/absent"),
)
"""What exists for others, or was deleted, and what never was. Rides-5 is deleted."""
WRITES = (
    ("PUT", "/items/{}/grants", {"subject": "person", "name": "ada", "role": "read"}),
    ("DELETE", "/items/{}", None),
    ("POST", "/items/{}/links", {"hours": 1}),
    ("POST", "/items/{}/versions", {"files": []}),
    ("POST", "/threads", {"item": "{}", "kind": "question", "title": "Why?", "text": "x"}),
    ("PUT", "/subscriptions/item/{}", None),
    ("POST", "/train", {"program": "{}@1", "path": "a.py", "result": "engines/rides"}),
    ("POST", "/train", {"program": "engines/rides@1", "path": "a.py", "result": "{}"}),
)
"""What somebody may try with an item, by its name."""
SEARCHES = ("/search", "/pages/search", "/needs/material/", "/pages/needs/modules/")
"""Whose work the index of words does: see the tests of search."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[SmallHub]:
    with small_hub(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture(scope="module")
def ids(hub) -> dict[str, str]:
    return fill_every_address(hub)


@pytest.fixture(scope="module")
def much_shared(hub, ids) -> SmallHub:
    """The hub with a few hidden things, of which others have been given many roles."""
    add_hidden_things(hub, FEW)
    for number in range(FEW):
        hub.grant("curie", "particles/rides-1", "person", f"colleague{number}", "read")
    return hub


def work_of(hub: SmallHub, address: str) -> tuple[int, int]:
    """Return the statements and steps of an answer, the fewer of two times.

    What is kept in memory is there before; some of it is made anew after a while.
    """
    read(hub, address)
    amounts = []
    for _ in range(2):
        with counted_work(hub) as work:
            answer = read(hub, address)
        assert answer.status_code < 500, f"{address}: {answer.text[:500]}"
        amounts.append(work.amount)
    return min(amounts)


def check_alike(hidden: tuple[int, int], absent: tuple[int, int]) -> None:
    """Fail where an item that is hidden takes more work than the row by which it is known."""
    assert hidden[0] == absent[0]
    assert 0 <= hidden[1] - absent[1] <= ONE_ROW


def test_hidden_things_take_no_work(much_shared, ids):
    hub = much_shared
    for kind, target in FOLLOWED:
        followed = hub.ask("ada", "PUT", f"/subscriptions/{kind}/{target}")
        assert followed.status_code == 200
    addresses = [address_of(route, ids) for route in readable_routes(hub)]
    addresses += [*NARROWED, *(f"/graph?node={node}" for node in NODES)]
    addresses = [one for one in addresses if not one.startswith(SEARCHES)]
    before = {one: work_of(hub, one) for one in addresses}
    add_hidden_things(hub, MANY, FEW)
    after = {one: work_of(hub, one) for one in addresses}
    assert {one: (before[one], after[one]) for one in addresses if before[one] != after[one]} == {}


def test_what_is_counted_grows_with_what_is_read(much_shared):
    """Else the test above would pass whatever was read: an administrator sees everything."""
    hub = much_shared
    add_hidden_things(hub, FEW, FEW + MANY)
    with counted_work(hub) as some:
        read(hub, "/items", "grace")
    add_hidden_things(hub, MANY, 2 * FEW + MANY)
    with counted_work(hub) as more:
        read(hub, "/items", "grace")
    assert sum(more.steps) > sum(some.steps) + MANY


@pytest.mark.parametrize(("hidden", "absent"), ABSENT)
def test_what_is_hidden_is_answered_as_what_is_not_there(much_shared, hidden, absent):
    hub = much_shared
    check_alike(work_of(hub, hidden), work_of(hub, absent))
    answers = [read(hub, one) for one in (hidden, absent)]
    assert [one.status_code for one in answers] == [404, 404]
    bodies = [re.sub("rides-[0-9]|absent|[0-9a-f]{32,}", "…", one.text) for one in answers]
    assert bodies[0] == bodies[1]  # but for the name that was asked for, and the token of forms


def test_roles_that_others_were_given_take_no_work(much_shared):
    """Neither with what somebody sees nor with what they do not see."""
    hub = much_shared
    items = {"particles/rides-7": True, "particles/rides-9": False}
    addresses = []
    for item, is_seen in items.items():
        told = {"item": item, "kind": "question", "title": "Why?", "text": "Why?"}
        thread = hub.post("curie", "/threads", told).json()["id"]
        if is_seen:
            hub.grant("curie", item, "organisation", "analytical", "read")
        addresses += [f"/threads/{thread}", f"/threads/{thread}/posts", f"/items/{item}"]
        addresses += [f"/graph?node=thread:{thread}", f"/graph?node=item:{item}"]
    addresses += ["/threads", "/items", "/digest", "/pages/team", "/graph/triples"]
    before = {one: work_of(hub, one) for one in addresses}
    assert [read(hub, one).status_code for one in addresses] == [200] * 5 + [404] * 5 + [200] * 5
    for number in range(FEW):
        for item in items:
            hub.grant("curie", item, "person", f"another{number}", "read")
    after = {one: work_of(hub, one) for one in addresses}
    assert {one: (before[one], after[one]) for one in addresses if before[one] != after[one]} == {}


@pytest.mark.parametrize(("method", "path", "told"), WRITES)
def test_what_is_hidden_is_changed_as_what_is_not_there(much_shared, method, path, told):
    hub = much_shared
    answers, works = [], []
    for name in ("particles/rides-1", "particles/rides-5", "particles/never"):
        body = told and json.loads(json.dumps(told).replace("{}", name))
        for _ in range(2):
            with counted_work(hub) as work:
                answer = hub.ask("ada", method, path.replace("{}", name), json=body)
        answers.append((answer.status_code, answer.text.replace(name, "…")))
        works.append(work.amount)
    assert answers[0][0] in (404, 422), answers[0]
    assert answers == answers[:1] * 3
    for work in works:
        check_alike(work, works[-1])
