"""Pages of items: make, add to, share, ask, delete; and what they tell whom."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from page_visitor import PageContent, PageVisitor
from PIL import Image
from small_hub import small_hub

from lepton_hub.pages.items.version_forms import columns_as_text, columns_from_text

CARD = {"title": "Riders", "licence": "CC0", "origin": "counted", "personal_data": "none"}
ROWS = b"day,riders\n" + b"".join(b"2025-03-%02d,%d\n" % (day, day * 10) for day in range(1, 29))
PLACE = "/pages/items/engines/riders"


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as made:
        yield made


@pytest.fixture
def ada(hub):
    return PageVisitor(hub, "ada")


@pytest.fixture
def riders(hub, ada):
    """Make an item with one version through its pages."""
    told = {"space": "engines", "name": "riders", "kind": "dataset", "tags": "Churn, time  series"}
    page = ada.after(ada.send("/pages/items/new", {**told, **CARD}))
    assert "Now add its first version" in page.text
    form = page.form(f"{PLACE}/versions/new").fields
    picture = io.BytesIO()
    Image.linear_gradient("L").save(picture, "PNG")
    files = [
        ("file", ("riders.csv", ROWS, "text/csv")),
        ("file", ("a plot.png", picture.getvalue(), "image/png")),
        ("file", ("read.py", b"print('<b>')\n", "text/x-python")),
    ]
    columns = "day; date\nriders; integer; people; who; rode"
    sent = ada.send(f"{PLACE}/versions/new", {**form, "columns": columns}, files=files)
    return ada.after(sent)


def test_an_item_is_made_and_shown(hub, ada, riders):
    for words in (
        "Version 1 has been added.",
        "Riders",
        "churn",
        "time series",
        "2025-03-01",
        "who; rode",
    ):
        assert words in riders.text, words
    assert (
        hub.get("ada", "/items/engines/riders/versions/1").json()["columns"][1]["unit"] == "people"
    )
    assert "data set (1)" in ada.see("/pages/items").text
    assert "data set engines/riders" in riders.text
    found = ada.see(f"{PLACE}/file?path=read.py&version=1")
    assert "print('<b>')" in found.text
    assert "<b>" not in found.html
    found = ada.see(f"{PLACE}/file?path=a+plot.png")
    [picture] = [source for source in found.sources if "preview" in source]
    assert ada.get(picture).headers["content-type"] == "image/png"
    for link in riders.links:
        if "/files/" in link:
            assert ada.get(link).status_code == 200
    actions = {entry.action for entry in hub.log(actor="ada")}
    assert {"item.make", "version.add", "item.read", "file.preview", "file.download"} <= actions


def test_what_is_wrong_with_a_form_stands_at_the_field_and_nothing_is_lost(ada, riders):
    told = {"space": "particles", "name": "No good", "kind": "dataset", **CARD, "title": "T" * 201}
    sent = ada.send("/pages/items/new", {**told, "description": "an hour's work"})
    page = PageContent(sent.text)
    assert sent.status_code == 422
    assert "Use lowercase letters" in page.text
    assert "At most 200 characters" in page.text
    assert page.form("/pages/items/new").fields["description"] == "an hour's work"
    sent = ada.send("/pages/items/new", {**told, **CARD, "name": "good"})
    assert "You may create items in these spaces: ~ada, engines" in PageContent(sent.text).text
    sent = ada.send("/pages/items/new", {**told, **CARD, "space": "engines", "name": "riders"})
    assert "choose another name" in PageContent(sent.text).text


def test_files_that_have_arrived_stay_when_something_else_is_wrong(hub, ada, riders):
    wrong = {"made_from": "engines/nothing@1", "note": "better", "columns": "day; weekday"}
    files = [("file", ("b.csv", b"a\n1\n", "text/csv"))]
    page = PageContent(ada.send(f"{PLACE}/versions/new", wrong, files=files).text)
    assert "A column's type is" in page.text
    form = page.form(f"{PLACE}/versions/new").fields
    page = PageContent(ada.send(f"{PLACE}/versions/new", {**form, "columns": "day; date"}).text)
    assert "there is no engines/nothing@1 that you may see" in page.text
    form = page.form(f"{PLACE}/versions/new").fields
    assert form["upload"].endswith(" b.csv")
    sent = ada.send(f"{PLACE}/versions/new", {**form, "made_from": "engines/riders@1"})
    assert "Version 2 has been added" in ada.after(sent).text
    assert "engines/riders@2" in ada.see(f"{PLACE}?version=1").text, "it is used by that one"
    sent = ada.send(f"{PLACE}/versions/new", {**form, "upload": "0" * 32 + " b.csv"})
    assert "You have no upload" in PageContent(sent.text).text
    assert "Choose at least one file" in ada.send(f"{PLACE}/versions/new").text
    pickled = [("file", ("m.pkl", b"\x80\x04\x95", "x/y"))]
    assert "can run arbitrary code" in ada.send(f"{PLACE}/versions/new", files=pickled).text


def test_a_card_that_somebody_else_changed_is_not_overwritten_unseen(ada, riders):
    form = ada.see(f"{PLACE}/card").form(f"{PLACE}/card").fields
    assert form["tags"] == "churn, time series"
    ada.after(ada.send(f"{PLACE}/card", {**form, "title": "Theirs", "tags": "new"}))
    sent = ada.send(f"{PLACE}/card", {**form, "title": "Mine"})
    page = PageContent(sent.text)
    assert sent.status_code == 422
    assert "It now says: Theirs" in page.text
    assert "It now says: new" in page.text
    assert "Theirs" in ada.see(PLACE).text
    ada.after(ada.send(f"{PLACE}/card", page.form(f"{PLACE}/card").fields))
    assert "Mine" in ada.see(PLACE).text
    bad = PageContent(ada.send(f"{PLACE}/card", {**form, "title": ""}).text)
    assert "This field is required" in bad.text
    again = ada.send(f"{PLACE}/card", {**bad.form(f"{PLACE}/card").fields, "title": "Older"})
    assert "It now says: Mine" in PageContent(again.text).text


def test_access_is_asked_for_granted_and_taken(hub, ada, riders):
    dora = PageVisitor(hub, "dora")
    refusal = dora.get(PLACE)
    assert refusal.status_code == 404
    ask = next(link for link in PageContent(refusal.text).links if "requests" in link)
    form = dora.see(ask).form("/pages/requests").fields
    assert form["item"] == "engines/riders"
    for name in ("engines/riders", "engines/nothing"):
        page = dora.after(dora.send("/pages/requests", {**form, "item": name, "message": "Please"}))
        assert f"{name}, to read: waiting" in page.text
    assert "Type its name" in dora.send("/pages/requests", {**form, "item": "riders"}).text
    page = ada.see("/pages/")
    assert "dora asks to read engines/riders" in page.text
    [action] = [form.action for form in page.forms if "/sharing/requests/" in form.action]
    page = ada.after(ada.send(action, {"answer": "grant", "back": "requests"}))
    assert "dora may now read engines/riders" in page.text
    assert ada.send(action, {"answer": "grant"}).status_code == 404, "it is answered"
    assert "Your role: read." in dora.see(PLACE).text
    assert dora.get(f"{PLACE}/sharing").status_code == 403
    take = {"subject": "person", "name": "dora", "wish": "take"}
    assert (
        "dora no longer has this role" in ada.after(ada.send(f"{PLACE}/sharing/grants", take)).text
    )
    assert dora.get(PLACE).text == refusal.text
    assert ada.send(f"{PLACE}/sharing/grants", take).status_code == 404
    for told, words in (
        ({"subject": "person", "name": ""}, "Type the name"),
        ({"subject": "team", "name": "no/team"}, "This cannot be the name"),
        ({"subject": "nobody", "name": "x"}, "Choose who gets the role"),
    ):
        sent = ada.send(f"{PLACE}/sharing/grants", {"role": "read", **told})
        assert words in PageContent(sent.text).text
    told = {"subject": "everybody", "name": "left over", "role": "read"}
    assert "Everybody may now read" in ada.after(ada.send(f"{PLACE}/sharing/grants", told)).text


def test_a_link_shows_the_item_until_it_is_ended(hub, ada, riders):
    dora = PageVisitor(hub, "dora")
    sent = ada.send(f"{PLACE}/sharing/links", {"hours": "24", "version": "1"})
    link = next(
        part for part in sent.text.split('"') if part.startswith("http://testserver/pages/l")
    )
    address = link.removeprefix("http://testserver")
    page = dora.see(address)
    assert "Riders" in page.text
    [csv] = [one for one in page.links if one.endswith("riders.csv")]
    assert dora.get(csv).content == ROWS
    page = ada.see(f"{PLACE}/sharing")
    assert address.rpartition("/")[2] not in page.html
    [form] = [form for form in page.forms if "link" in form.fields]
    ada.after(ada.send(form.action, {**form.fields, "wish": "end"}))
    assert dora.get(address).status_code == 404
    for told, words in (
        ({"hours": "x"}, "Choose when it expires"),
        ({"version": "9"}, "no such version"),
        ({"version": "x"}, "no such version"),
        ({"version": "0"}, "no such version"),
    ):
        sent = ada.send(f"{PLACE}/sharing/links", {"hours": "1", "version": "", **told})
        assert words in PageContent(sent.text).text
    assert hub.get("ada", "/items/engines/riders/links").json()["links"] == []


def test_an_item_is_deleted_once_its_name_was_typed(hub, ada, riders):
    assert "type its name: riders" in ada.send(f"{PLACE}/delete", {"typed_name": "rider"}).text
    assert ada.get(PLACE).status_code == 200
    page = ada.after(ada.send(f"{PLACE}/delete", {"typed_name": "riders"}))
    assert "engines/riders has been deleted" in page.text
    assert ada.get(PLACE).status_code == 404
    assert hub.log(action="content.erase"), "its contents are erased"


def test_a_notebook_and_arrays_can_be_looked_at(hub, ada):
    hub.make("ada", "engines/code", "notebook")
    notebook = {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "A **walk**"}],
    }  # fmt: skip
    arrays = io.BytesIO()
    np.savez(arrays, x=np.arange(3))
    files = {
        "a.ipynb": json.dumps(notebook).encode(),
        "b.ipynb": b"{}",
        "c.npz": arrays.getvalue(),
        "d.png": b"no picture",
        "e.bin": b"\0",
    }
    hub.add("ada", "engines/code", files)
    place = "/pages/items/engines/code/file?path="
    assert "<strong>walk</strong>" in ada.see(f"{place}a.ipynb").html
    assert "cannot be shown as a notebook" in ada.see(f"{place}b.ipynb").text
    assert "int64 (3,)" in ada.see(f"{place}c.npz").text
    assert "no preview" in ada.see(f"{place}e.bin").text
    assert ada.get(f"{place}f.txt").status_code == 404
    assert "e.bin" in ada.see("/pages/items/engines/code").text


def test_half_a_letter_in_a_file_is_shown_as_a_question(hub, ada):
    """JSON may hold half of a surrogate pair, which no answer in UTF-8 can."""
    cells = [{"cell_type": "code", "source": "x = '\ud800y'"}]
    files = {
        "a.ipynb": json.dumps({"nbformat": 4, "cells": cells}).encode(),
        "b.jsonl": b'{"a\\udfff": "\\ud800y"}\n',
    }
    hub.make("ada", "engines/odd", "notebook")
    hub.add("ada", "engines/odd", files)
    place = "/items/engines/odd/versions/1"
    notebook = hub.get("ada", f"{place}/notebook", params={"path": "a.ipynb"})
    table = hub.get("ada", f"{place}/preview", params={"path": "b.jsonl"})
    assert "x = &#x27;\ufffdy" in notebook.text
    assert (table.json()["columns"], table.json()["rows"]) == (["a\ufffd"], [["\ufffdy"]])
    for name in files:
        assert "\ufffdy" in ada.see(f"/pages/items/engines/odd/file?path={name}").text
    assert "\ufffdy" in ada.see("/pages/items/engines/odd").text


def test_the_catalogue_is_filtered_by_its_facets(hub, ada):
    for number in range(35):
        hub.make(
            "ada",
            f"engines/i{number:02}",
            title=f"Item {number}",
            tags=["even", "x y"][: number % 2 + 1],
        )
    page = ada.see("/pages/items")
    assert "35 items" in page.text
    following = next(link for link in page.links if "cursor=" in link)
    assert "Item 34" in ada.see(following).text
    tag = next(link for link in page.links if link.endswith("tag=x+y") and "items" in link)
    page = ada.see(tag)
    assert "17 items" in page.text
    assert "/pages/items" in page.links, "the filter can be removed"
    assert "1 item " in ada.see("/pages/items?q=item+i07&tag=x+y").text
    assert "Only the first 8 words" in ada.see("/pages/items?q=a+b+c+d+e+f+g+h+i").text
    for wrong in ("kind=x", "tag=!", "cursor=x"):
        assert ada.get(f"/pages/items?{wrong}").status_code in (400, 404)


def test_a_button_that_is_pressed_twice_acts_once(hub, ada):
    form = ada.see("/pages/items/new").form("/pages/items/new").fields
    told = {**form, **CARD, "space": "engines", "name": "twice", "kind": "code"}
    first = ada.send("/pages/items/new", told)
    again = ada.send("/pages/items/new", told)
    assert first.headers["location"] == again.headers["location"]
    assert "choose another name" in ada.send("/pages/items/new", {**told, "title": "Other"}).text
    place = "/pages/items/engines/twice/versions/new"
    files = [("file", ("a.py", b"1", "text/plain"))]
    kept = PageContent(ada.send(place, {"made_from": "x"}, files=files).text).form(place).fields
    for _ in range(2):
        sent = ada.send(place, {**kept, "made_from": ""})
        assert sent.headers["location"].endswith("?version=1")
    assert len(hub.log(action="version.add")) == 1


def test_a_form_that_is_sent_again_after_a_deletion_says_so(hub, ada):
    form = ada.see("/pages/items/new").form("/pages/items/new").fields
    told = {**form, **CARD, "space": "engines", "kind": "dataset"}
    for name in ("source", "made"):
        ada.send("/pages/items/new", {**told, "name": name})
    place = "/pages/items/engines/made/versions/new"
    hub.add("ada", "engines/source", {"a": b"1"})
    form = ada.see(place).form(place).fields
    version = {**form, "upload": f"{hub.upload('ada', b'2')} b", "made_from": "engines/source@1"}
    for _ in range(2):
        assert ada.send(place, version).headers["location"].endswith("?version=1")
    hub.ask("ada", "DELETE", "/items/engines/source")
    answer = ada.send("/pages/items/new", {**told, "name": "source"})
    assert (answer.status_code, "has since been deleted" in answer.text) == (422, True)
    assert ada.send(place, version).headers["location"].endswith("?version=1")  # it is still there


def test_columns_go_through_text_and_back():
    told = [
        {"name": "day", "type": "date", "unit": "", "description": ""},
        {"name": "riders", "type": "integer", "unit": "people", "description": "a; b"},
    ]
    found = columns_from_text(columns_as_text(told))
    assert [{**{"unit": "", "description": ""}, **one} for one in found] == told
