"""Documents as pages: read, write, put together what two wrote at once, compare, attach, delete."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from lasting_renderer import RENDERER
from page_visitor import ORIGIN, PageContent, PageVisitor
from small_hub import small_hub

TEXT = "# Pistons\n\nOne.\n\nTwo.\n\nThree.\n"
GUIDE = "/pages/documents/engines/guide"


@contextmanager
def prepared(folder):
    with small_hub(folder) as made:
        made.state.renderer = RENDERER
        told = {"space": "engines", "name": "guide", "title": "Guide", "text": TEXT}
        assert made.post("ada", "/documents", told).status_code == 201
        made.grant("ada", "engines/guide", "person", "dora", "contribute")
        yield made


@pytest.fixture
def hub(tmp_path):
    with prepared(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A hub for tests that change nothing in it."""
    with prepared(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture
def ada(hub):
    return PageVisitor(hub, "ada")


def edit(who: PageVisitor, text: str, base: int, **more: str):
    return who.send(f"{GUIDE}/edit", {"text": text, "base": str(base), "note": "", **more})


def typed(answer) -> str:
    """The text that stands in a page's form."""
    forms = PageContent(answer.text).forms
    return next(form.fields["text"] for form in forms if "text" in form.fields)


def test_a_document_is_found_and_read(shared):
    ada = PageVisitor(shared, "ada")
    assert GUIDE in ada.see("/pages/documents").links
    assert GUIDE in ada.see("/pages/documents?q=guide").links
    assert GUIDE not in ada.see("/pages/documents?q=nothing").links
    page = ada.see(GUIDE)
    assert [one for one in page.headings if one[0] < 3][:2] == [(1, "Guide"), (2, "Pistons")]
    assert {f"{GUIDE}/edit", f"{GUIDE}/revisions", f"{GUIDE}/attachments", f"{GUIDE}/delete"} <= {
        *page.links
    }
    assert shared.log(subject="engines/guide")[0].action == "document.read"


def test_who_may_only_read_is_offered_nothing_else(shared):
    bose = PageVisitor(shared, "bose")
    links = bose.see(GUIDE).links
    assert not {f"{GUIDE}/edit", f"{GUIDE}/delete"} & {*links}
    assert bose.get(f"{GUIDE}/edit").status_code == 403
    assert edit(bose, "x", 1).status_code == 403
    assert bose.send(f"{GUIDE}/delete").status_code == 403
    assert "Attach files" not in bose.see(f"{GUIDE}/attachments").text
    assert shared.get("ada", "/documents/engines/guide").json()["revision"]["number"] == 1


PLACES = ["", "/edit", "/revisions", "/difference?before=1", "/attachments", "/delete",
          "/attachments/a/delete"]  # fmt: skip


def test_what_one_may_not_see_is_as_what_is_not_there(hub, ada):
    ada.send(f"{GUIDE}/attachments", files={"files": ("a", b"1")})
    curie = PageVisitor(hub, "curie")
    for place in PLACES:
        hidden = curie.get(f"{GUIDE}{place}")
        missing = curie.get(f"/pages/documents/engines/other{place}")
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.text.replace("guide", "other") == missing.text
        assert {**hidden.headers} == {**missing.headers}
    for place in ("/edit", "/attachments", "/delete", "/attachments/a/delete"):
        hidden = curie.send(f"{GUIDE}{place}", {"text": "x", "base": "1"})
        missing = curie.send(f"/pages/documents/engines/other{place}", {"text": "x", "base": "1"})
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.text.replace("guide", "other") == missing.text
    assert "Guide" not in curie.get("/pages/documents").text
    assert "guide" not in curie.get("/pages/documents?q=pistons").text


def test_other_items_are_no_documents(shared):
    ada = PageVisitor(shared, "ada")
    shared.make("ada", "engines/rides")
    for place in PLACES:
        assert ada.get(f"/pages/documents/engines/rides{place}").status_code == 404


def test_a_stranger_signs_in_first_and_changes_nothing(shared):
    stranger = PageVisitor(shared, None)
    for place in PLACES:
        answer = stranger.get(f"{GUIDE}{place}")
        assert (answer.status_code, answer.headers["location"][:12]) == (302, "/login?next=")
    kept = stranger.client.post(
        f"{GUIDE}/edit", data={"text": "typed <b>", "base": "1"}, headers={"Origin": ORIGIN}
    )
    assert kept.status_code == 401
    assert "typed &lt;b&gt;" in kept.text
    assert shared.get("ada", "/documents/engines/guide").json()["revision"]["number"] == 1


def test_forms_of_other_pages_change_nothing(shared):
    ada = PageVisitor(shared, "ada")
    told = {"text": "evil", "base": "1", "form_token": ada.token}
    for path in ("/edit", "/delete", "/attachments"):
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
            assert ada.client.post(f"{GUIDE}{path}", data=told, headers=headers).status_code == 403
        kept = ada.client.post(
            f"{GUIDE}{path}", data={"text": "evil", "base": "1"}, headers={"Origin": ORIGIN}
        )
        assert kept.status_code == 403
    for path in ("/pages/documents/new", GUIDE):
        assert ada.client.put(path).status_code == 405
    assert shared.get("ada", "/documents/engines/guide").json()["revision"]["text"] == TEXT


# ── Making ────────────────────────────────────────────────────────────────────────────────────
def test_a_document_is_made_and_named_after_its_title(hub, ada):
    told = {"title": "How to label?", "space": "engines", "text": "x\n", "tags": "How to, churn,,"}
    page = ada.after(ada.send("/pages/documents/new", {**told, "personal_data": "none"}))
    assert "The document has been created." in page.text
    made = hub.get("ada", "/documents/engines/how-to-label").json()
    assert (made["tags"], made["revision"]["text"]) == (["churn", "how to"], "x\n")
    form = ada.see("/pages/documents/new").form("/pages/documents/new")
    for _ in range(2):  # a button that is pressed twice
        answer = ada.send(form.action, {**form.fields, "title": "Twice", "text": "x"})
        assert answer.headers["location"] == "/pages/documents/~ada/twice"


@pytest.mark.parametrize(
    ("wrong", "status", "sentence"),
    [
        ({"title": " "}, 422, "This field is required"),
        ({"title": "ÄÖÜ", "name": "With Capitals"}, 422, "Use lowercase letters"),
        ({"title": "Über", "name": ""}, 303, ""),
        ({"title": "日本"}, 422, "Use lowercase letters"),
        ({"name": "guide"}, 409, "has, or had, an item guide"),
        ({"space": "particles"}, 403, "Choose one of your spaces"),
        ({"space": "a/b"}, 422, "Choose one of your spaces"),
        ({"tags": "a" * 40}, 422, "At most 20 tags"),
        ({"text": "x" * 200_001}, 422, "At most 200000 characters"),
        ({"personal_data": "maybe"}, 422, "personal"),
    ],
)
def test_a_form_with_a_problem_keeps_what_was_typed(shared, wrong, status, sentence):
    ada = PageVisitor(shared, "ada")
    told = {"title": "T", "space": "engines", "text": "\n  <typed> & 'kept'", "tags": ""}
    answer = ada.send("/pages/documents/new", {**told, "personal_data": "none", **wrong})
    assert answer.status_code == status
    assert sentence in answer.text
    if status != 303:
        assert typed(answer) == {**told, **wrong}["text"]


def test_a_preview_saves_nothing(shared):
    ada = PageVisitor(shared, "ada")
    told = {"title": "T", "name": "t", "space": "engines", "text": "*hi* $x^2$"}
    answer = ada.send("/pages/documents/new", {**told, "action": "preview"})
    assert answer.status_code == 200
    assert "<em>hi</em>" in answer.text
    assert "<msup>" in answer.text
    assert typed(answer) == told["text"]
    assert shared.get("ada", "/documents/engines/t").status_code == 404
    seen = edit(PageVisitor(shared, "dora"), "*new*", 1, action="preview")
    assert "<em>new</em>" in seen.text
    assert shared.get("ada", "/documents/engines/guide").json()["revision"]["number"] == 1


# ── Editing ───────────────────────────────────────────────────────────────────────────────────
def test_an_edit_adds_a_revision(hub, ada):
    form = ada.see(f"{GUIDE}/edit").form(f"{GUIDE}/edit")
    assert (form.fields["text"], form.fields["base"]) == (TEXT, "1")
    page = ada.after(ada.send(f"{GUIDE}/edit", {**form.fields, "text": TEXT + "Four.\n"}))
    assert "Saved as revision 2." in page.text
    assert "Four." in page.text
    again = ada.after(ada.send(f"{GUIDE}/edit", {**form.fields, "text": TEXT + "Four.\n"}))
    assert "no revision was added" in again.text
    assert [entry.action for entry in hub.log(action="document.change")] == ["document.change"]


def test_a_text_that_begins_with_empty_lines_keeps_them(hub, ada):
    edit(ada, "\n\n  code\n", 1)
    form = ada.see(f"{GUIDE}/edit").form(f"{GUIDE}/edit")
    assert form.fields["text"] == "\n\n  code\n"


def test_two_who_edit_at_once_lose_nothing(hub, ada):
    theirs = TEXT.replace("One.", "One, by ada.")
    mine = TEXT.replace("Three.", "Three, by dora.")
    dora = PageVisitor(hub, "dora")
    assert edit(ada, theirs, 1).status_code == 303
    answer = edit(dora, mine, 1, note="mine & thine")
    assert answer.status_code == 409
    assert "ada saved revision 2" in " ".join(answer.text.split())
    assert typed(answer) == theirs.replace("Three.", "Three, by dora.")
    for text in (theirs, mine):
        assert f"readonly>\n{text}</textarea>" in answer.text
    assert "mine &amp; thine" in answer.text
    assert "<ins>Three, <strong>by dora</strong>" in answer.text or "by dora" in answer.text
    assert dora.after(edit(dora, typed(answer), 2)).text.count("by ada") == 1
    assert hub.get("ada", "/documents/engines/guide").json()["revision"]["number"] == 3
    assert hub.log(action="document.conflict")[0].actor == "dora"


def test_where_both_changed_the_same_line_the_writer_decides(hub, ada):
    mine = TEXT.replace("One.", "one")
    edit(ada, TEXT.replace("One.", "1"), 1)
    answer = edit(PageVisitor(hub, "dora"), mine, 1)
    assert answer.status_code == 409
    assert typed(answer) == mine
    assert "you decide" in answer.text


@pytest.mark.parametrize("base", ["", "0", "7", "x", "-1", "99999999999999"])
def test_a_base_that_is_none_is_a_conflict_and_never_an_overwriting(shared, base):
    answer = PageVisitor(shared, "ada").send(f"{GUIDE}/edit", {"text": "new", "base": base})
    assert (answer.status_code, typed(answer)) == (409, "new")
    assert shared.get("ada", "/documents/engines/guide").json()["revision"]["number"] == 1


def test_what_was_typed_stays_where_the_document_is_gone_meanwhile(hub):
    dora = PageVisitor(hub, "dora")
    hub.ask("ada", "DELETE", "/items/engines/guide")
    answer = edit(dora, "my long <work>", 1)
    assert answer.status_code == 404
    assert "my long &lt;work&gt;" in answer.text


# ── Revisions ─────────────────────────────────────────────────────────────────────────────────
def test_revisions_are_listed_compared_and_brought_back(hub, ada):
    edit(ada, TEXT.replace("Two.", "Two, and <b>more</b>."), 1, note="more of two")
    page = ada.see(f"{GUIDE}/revisions")
    assert "more of two" in page.text
    compared = f"{GUIDE}/difference?before=1&after=2"
    assert compared in page.links
    for view in ("inline", "side"):
        shown = ada.see(f"{compared}&view={view}")
        assert "&lt;b&gt;more&lt;/b&gt;" in shown.html
        assert "<b>more" not in shown.html
        assert shown.html.count("<del>") == 1
    old = ada.see(f"{GUIDE}?revision=1")
    assert "This is revision 1 of 2" in old.text
    form = ada.see(f"{GUIDE}/edit?revision=1").form(f"{GUIDE}/edit")
    assert (form.fields["text"], form.fields["base"]) == (TEXT, "2")
    ada.send(f"{GUIDE}/edit", form.fields)
    newest = hub.get("ada", "/documents/engines/guide").json()["revision"]
    assert (newest["number"], newest["text"]) == (3, TEXT)
    assert ada.get(f"{GUIDE}?revision=9").status_code == 404


def test_many_revisions_come_in_pages(hub, ada):
    for number in range(1, 33):
        edit(ada, f"{number}", number)
    first = ada.see(f"{GUIDE}/revisions")
    after = next(link for link in first.links if "cursor=" in link)
    rest = ada.see(after)
    assert f"{GUIDE}?revision=1" in rest.links
    assert f"{GUIDE}?revision=1" not in first.links


# ── Attachments, deleting ─────────────────────────────────────────────────────────────────────
def test_files_are_attached_shown_and_deleted(hub, ada):
    page = ada.after(
        ada.send(f"{GUIDE}/attachments", files=[("files", ("a plot.png", b"1", "image/png")),
                                                ("files", ("b.csv", b"2"))])
    )  # fmt: skip
    assert "2 files have been attached." in page.text
    assert "![a plot.png](attachment:a%20plot.png)" in page.text
    address = "/documents/engines/guide/attachments/a%20plot.png"
    assert address in page.links
    assert ada.get(address).content == b"1"
    edit(ada, "![p](attachment:a%20plot.png)", 1)
    assert address in ada.see(GUIDE).sources
    assert ada.see(f"{GUIDE}/attachments/b.csv/delete")
    gone = ada.after(ada.send(f"{GUIDE}/attachments/b.csv/delete"))
    assert "b.csv has been deleted." in gone.text
    assert hub.get("ada", "/documents/engines/guide/attachments/b.csv").status_code == 404
    assert {"attachment.add", "attachment.delete", "content.erase"} <= {
        entry.action for entry in hub.log()
    }


def test_files_that_cannot_be_attached_are_named(hub, ada):
    ada.send(f"{GUIDE}/attachments", files={"files": ("a", b"1")})
    answer = ada.send(
        f"{GUIDE}/attachments",
        files=[("files", ("a", b"2")), ("files", ("c?", b"3")), ("files", ("good", b"4"))],
    )
    assert answer.status_code == 422
    assert "a different attachment of this name" in answer.text
    assert "c?: give the file another name" in answer.text
    assert hub.get("ada", "/documents/engines/guide/attachments/good").content == b"4"
    assert ada.send(f"{GUIDE}/attachments", {"x": "y"}).status_code == 422
    assert ada.get(f"{GUIDE}/attachments/%00/delete").status_code == 404
    bose = PageVisitor(hub, "bose")
    assert bose.send(f"{GUIDE}/attachments", files={"files": ("b", b"1")}).status_code == 403
    assert bose.send(f"{GUIDE}/attachments/a/delete").status_code == 403


def test_files_that_were_uploaded_before_are_attached(hub, ada):
    content = b"x" * 3_000_000  # larger than a form may be
    fields = {"upload": [f"{hub.upload('ada', content)} large plot.png"]}
    assert "The file has been attached." in ada.after(ada.send(f"{GUIDE}/attachments", fields)).text
    made = hub.get("ada", "/documents/engines/guide/attachments").json()["attachments"][0]
    assert (made["name"], made["size"]) == ("large plot.png", len(content))
    assert made["media_type"] == "image/png"
    theirs = f"{hub.upload('bose', b'not mine')} a"
    for upload in (fields["upload"][0].replace("large", "b"), theirs, f"{'0' * 32} c"):
        answer = ada.send(f"{GUIDE}/attachments", {"upload": upload})
        assert "did not arrive completely" in answer.text


def test_deleting_says_what_goes_and_leaves_nothing(hub, ada):
    ada.send(f"{GUIDE}/attachments", files={"files": ("a", b"only here")})
    told = {"item": "engines/guide", "title": "Talk", "text": "x"}
    hub.post("bose", "/threads", told)
    page = ada.see(f"{GUIDE}/delete")
    assert "1 revision, 1 attachment and 1 discussion" in page.text
    assert hub.get("ada", "/documents/engines/guide").status_code == 200
    assert "engines/guide has been deleted." in ada.after(ada.send(f"{GUIDE}/delete")).text
    assert hub.get("ada", "/documents/engines/guide").status_code == 404
    assert "content.erase" in {entry.action for entry in hub.log()}
