"""The pages of the survey and of recommendations, as a browser asks for them and sends forms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from page_visitor import PageVisitor
from small_hub import SmallHub, small_hub

from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.needs.counting import count_settled
from lepton_hub.needs.own_replies import count_with, group_of, replace_replies
from lepton_hub.needs.survey_subjects import survey_subjects

MODULE = "basics/08_evaluation"
FORM = f"/pages/needs/modules/{MODULE}"
SUBJECTS = survey_subjects()


@pytest.fixture
def hub(tmp_path) -> Iterator[SmallHub]:
    with small_hub(tmp_path) as hub:
        yield hub


def five_answer(hub: SmallHub, **told: str) -> None:
    """Have five colleagues of ada's answer, and be counted."""
    with hub.state.sessions.begin() as session:
        for number in range(5):
            person = Person(f"p{number}", frozenset({"engines"}))
            count_with(session, person, group_of(person, "team:engines"))
            replies = [(MODULE, question, answer) for question, answer in told.items()]
            replace_replies(session, person, SUBJECTS, replies)
        count_settled(session, SUBJECTS, now() + timedelta(days=2))


def test_somebody_answers_and_takes_back(hub):
    ada = PageVisitor(hub, "ada")
    page = ada.see("/pages/needs")
    assert FORM in page.links and "/pages/needs/groups/team/engines" in page.links
    assert ada.see(FORM).form(FORM).fields["known"] == ""
    page = ada.after(ada.send("/pages/needs/counted", {"counted_with": "team:engines"}))
    assert page.form("/pages/needs/counted").fields["counted_with"] == "team:engines"
    page = ada.after(ada.send(FORM, {"known": "2", "wanted": "1", "unclear": "Why <b>?"}))
    form = page.form(FORM)
    assert (form.fields["known"], form.fields["unclear"]) == ("2", "Why <b>?")
    assert "what you may skip" in page.text and 'name="placement-1"' in page.html
    right = next(c for c in SUBJECTS[MODULE].questions[0].choices if c.is_right)
    letter = "abcdef"[SUBJECTS[MODULE].questions[0].choices.index(right)]
    ada.send(FORM, {**form.fields, "placement-1": letter})
    page = ada.see(FORM)
    assert "You answered: right." in page.text
    ada.send(FORM, {**form.fields, "placement-1": "?"})
    assert "You answered: right." in ada.see(FORM).text, "the first answer counts"
    assert "✓ answered before" in ada.see("/pages/needs").text
    assert (
        "Your 4 answers have been deleted." in ada.after(ada.send("/pages/needs/taken-back")).text
    )
    assert "You answered" not in ada.see(FORM).text


def test_what_cannot_be_kept_is_shown_again_with_what_was_typed(hub):
    ada = PageVisitor(hub, "ada")
    refused = ada.send(FORM, {"known": "1", "unclear": "why " * 200})
    assert refused.status_code == 422
    assert "This is too long" in refused.text and "why why" in refused.text
    refused = ada.send(FORM, {"known": "9", "unclear": "kept"})
    assert refused.status_code == 422 and "kept" in refused.text
    assert "✓" not in ada.see("/pages/needs").text


def test_a_team_sees_its_sums_and_what_answers_them(hub):
    hub.make("ada", "engines/folds", title="Evaluation of folds")
    ada, grace = PageVisitor(hub, "ada"), PageVisitor(hub, "grace")
    group = "/pages/needs/groups/team/engines"
    assert "nothing to show yet" in ada.see(group).text
    five_answer(hub, known="0", wanted="2", useful="4", pace="fast", unclear="<script>")
    for visitor in (ada, grace):
        page = visitor.see(group)
        assert "100 %" in page.text and "4.0 of 5" in page.text and "<script>" in page.text
        assert "/pages/items/engines/folds" in page.links
    curie = PageVisitor(hub, "curie")
    nothing = curie.get("/pages/needs/groups/team/nothing")
    hidden = curie.get(group)
    assert (hidden.status_code, hidden.text) == (404, nothing.text)


def test_forms_of_elsewhere_change_nothing(hub):
    ada = PageVisitor(hub, "ada")
    ada.send(FORM, {"known": "2"})
    forms = {
        "/pages/needs/counted": {"counted_with": "team:engines"},
        FORM: {"known": "1"},
        "/pages/needs/taken-back": {},
        "/pages/recommendations/forgotten": {},
    }
    for path, fields in forms.items():
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert ada.send(path, fields, headers=headers).status_code == 403
        assert ada.client.post(path, data=fields).status_code == 403
        assert ada.get(path).status_code in (200, 404, 405)
    told = hub.get("ada", "/needs/replies").json()
    assert [one["answer"] for one in told["replies"]] == ["2"]
    assert told["counted_with"] is None
    stranger = PageVisitor(hub, None).get("/pages/needs")
    assert stranger.status_code == 302 and "/login" in stranger.headers["location"]


def test_who_is_in_no_team_answers_for_themselves(hub):
    dora = PageVisitor(hub, "dora")
    assert "only you see your answers" in dora.see("/pages/needs").text
    assert dora.send("/pages/needs/counted", {"counted_with": "team:engines"}).status_code == 404
    assert dora.send(FORM, {"known": "0"}).status_code == 303
    assert dora.get("/pages/needs/modules/basics/99_nothing").status_code == 404


def test_somebody_sees_what_they_used_and_has_it_forgotten(hub):
    told = {"space": "engines", "name": "notes", "title": "Notes", "text": "x"}
    hub.post("ada", "/documents", told)
    ada = PageVisitor(hub, "ada")
    hub.get("ada", "/documents/engines/notes")
    assert "/pages/documents/engines/notes" in ada.see("/pages/recommendations").links
    page = ada.after(ada.send("/pages/recommendations/forgotten"))
    assert "has been deleted" in page.text
    assert "/pages/documents/engines/notes" not in page.links


def test_headings_are_in_order_and_links_lead_somewhere(hub):
    five_answer(hub, known="0", wanted="2", useful="4", pace="fast")
    ada = PageVisitor(hub, "ada")
    for path in (
        "/pages/needs",
        FORM,
        "/pages/needs/groups/team/engines",
        "/pages/recommendations",
    ):
        page = ada.see(path)
        levels = [level for level, _ in page.headings]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
        for link in {link for link in page.links if link.startswith("/pages/")}:
            assert ada.get(link).status_code == 200, link
