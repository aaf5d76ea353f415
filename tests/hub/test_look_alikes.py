"""Names that pass for others, and what nobody would see: refused in names, shown in texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_visitor import PageVisitor
from small_hub import small_hub
from sqlalchemy import update

from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import IdentityError, person_of
from lepton_hub.rendering import BoundedRenderer
from lepton_hub.text import check_line, check_words, plain_label, shown, skeleton

JOB = "ejy8kc3iiDre0pp_"
OVERRIDE, ZERO_WIDTH, JOINER, MARK = "\u202e", "\u200b", "\u200d", "\u200f"
CYRILLIC_A = "\u0430"
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with small_hub(tmp_path_factory.mktemp("hub")) as made:
        made.make("ada", "engines/rides")
        yield made


# ── The rule ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("text", [
    f"rid{CYRILLIC_A}s", "\u0455cikit", "p\u03bfwer", "\u0251da", "ad\u1d00", "\u13aada",
    "mo\u0585n",
    f"the engines/rid{CYRILLIC_A}s here", "\u0414b", "\u0430\u03bf",
])  # fmt: skip
def test_a_word_of_two_scripts_is_no_label(text):
    with pytest.raises(ValueError, match="mixes letters that look alike"):
        plain_label(text)


@pytest.mark.parametrize("text", [
    "rides.ipynb", "Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105",
    "\u00d8resund-data", "\u0394t_mean 2",
    "\u03c3\u2081 and \u03bcs", "\u0434\u0430\u043d\u043d\u044b\u0435-churn",
    "\u6771\u4eac\u306e\u30c7\u30fc\u30bf", "\u03b1 \u03b2", FAMILY,
    PERSIAN, "\u05e9\u05dc\u05d5\u05dd", "", "na\u00efve 3\u00d74",
])  # fmt: skip
def test_honest_words_of_any_language_are_labels(text):
    assert plain_label(text) == unicodedata.normalize("NFKC", text)


def test_a_label_is_kept_in_its_plain_form():
    assert plain_label("\uff32\uff49\uff44\uff45\uff53 \U0001d400\u212b") == "Rides A\u00c5"


@pytest.mark.parametrize("hidden", [
    OVERRIDE, "\u2066", "\u2069", ZERO_WIDTH, "\u2060", "\ufeff", "\u00ad",
    "\u3164", "\u115f", "\u034f", "\U000e0041",
    JOINER, "\u200c", MARK, "\u200e", "\u061c",
])  # fmt: skip
def test_nothing_is_hidden_in_a_line(hidden):
    for text in (f"ri{hidden}des", hidden, f"rides{hidden}", f"{hidden}rides"):
        with pytest.raises(ValueError, match=f"invisible character, U\\+{ord(hidden):04X}"):
            check_line(text)


@given(st.text())
def test_what_is_shown_holds_nothing_hidden_and_loses_nothing_else(text):
    seen = shown(text)
    assert shown(seen) == seen
    assert not any(letter in seen for letter in (OVERRIDE, ZERO_WIDTH, "\ufeff"))
    if text.isascii():
        assert seen == check_line(text) == check_words(text) == text


@given(st.sampled_from(["job", "Job", "JOB"]), st.data())
def test_the_skeleton_sees_through_other_letters(word, data):
    shapes = {"j": "j\u0458\u03f3", "o": "o\u043e\u03bf\u0585\U0001d428", "b": "b\u044c"}
    drawn = "".join(data.draw(st.sampled_from(shapes[letter.lower()])) for letter in word)
    assert skeleton(f"{drawn}{ZERO_WIDTH}\u0301") == "job"


# ── Everywhere ────────────────────────────────────────────────────────────────────────────────
BAD = [f"rid{CYRILLIC_A}s", f"ri{OVERRIDE}des", f"ri{ZERO_WIDTH}des"]


@pytest.mark.parametrize("name", BAD)
def test_names_that_people_trust_are_refused(hub, name):
    card = {"category": name}, {"licence": name}, {"tags": [name]}
    for number, one in enumerate(card):
        refused = hub.make("ada", f"engines/n{number}", **one)
        assert refused.status_code == 422, one
    document = {"space": "engines", "name": "plan", "title": "Plan", "text": ""}
    for more in ({"category": name}, {"licence": name}, {"tags": [name]}, {"name": name}):
        assert hub.post("ada", "/documents", {**document, **more}).status_code == 422, more
    assert hub.make("ada", f"engines/{name}").status_code == 422
    assert hub.make("ada", f"{name}/rides").status_code == 422
    told = {"a.csv": b"a\n"}
    assert hub.add("ada", "engines/rides", told, made_with=name).status_code == 422
    assert hub.add("ada", "engines/rides", {f"{name}.csv": b"a\n"}).status_code == 422
    grant = hub.grant("ada", "engines/rides", "team", name, "read")
    assert grant.status_code == 422
    with pytest.raises(IdentityError):
        person_of(name, ())
    assert person_of("ada", [f"team-{name}", f"organisation-{name}"]).teams == frozenset()


@pytest.mark.parametrize("title", BAD[1:])
def test_nothing_is_hidden_in_titles_and_columns(hub, title):
    assert hub.make("ada", "engines/titled", title=title).status_code == 422
    column = {"name": title, "type": "integer"}
    told = {"a.csv": b"a\n"}
    assert hub.add("ada", "engines/rides", told, columns=[column]).status_code == 422
    thread = {"item": "engines/rides", "kind": "question", "title": title, "text": "a"}
    refused = hub.post("ada", "/threads", thread)
    assert refused.status_code == 422
    assert "invisible character" in refused.json()["detail"]


@pytest.mark.parametrize("words", [
    f"\u0458\u043e\u044c {JOB}", f"j\u03bfb {JOB}", f"\uff4aob {JOB}", f"j\u0301ob {JOB}",
])  # fmt: skip
def test_nobody_says_in_other_letters_that_a_job_of_the_pool_made_a_version(hub, words):
    assert hub.add("ada", "engines/rides", {"a.csv": b"a\n"}, made_with=words).status_code == 422


def test_what_is_hidden_in_a_text_is_shown_and_kept_in_forms(hub):
    code = f"```\nif admin{ZERO_WIDTH}: pass\n```"
    text = f"pay {OVERRIDE}acb\n\n{code}\n\n{PERSIAN} {FAMILY} $x{OVERRIDE}$"
    told = {"space": "engines", "name": "odd", "title": "Odd", "text": text}
    assert hub.post("ada", "/documents", told).status_code == 201
    told = hub.get("ada", "/documents/engines/odd").json()
    assert told["revision"]["text"] == text
    ada = PageVisitor(hub, "ada")
    page = ada.see("/pages/documents/engines/odd")
    assert OVERRIDE not in page.html
    assert ZERO_WIDTH not in page.html
    assert "pay [U+202E]acb" in page.text
    assert "admin[U+200B]: pass" in page.text
    assert PERSIAN in page.text
    assert FAMILY in page.text
    edit = ada.see("/pages/documents/engines/odd/edit").form("/pages/documents/engines/odd/edit")
    assert edit.fields["text"] == text, "what is typed on stays as it was"


def test_names_from_before_the_rule_are_shown_as_they_are(hub):
    hub.make("ada", "engines/old")
    with hub.state.sessions.begin() as session:
        change = update(SharedItem).where(SharedItem.name == "old")
        session.execute(change.values(title=f"Old {OVERRIDE}title"))
    for path in ("/pages/items/engines/old", "/pages/items", "/pages/"):
        html = PageVisitor(hub, "ada").see(path).html
        assert OVERRIDE not in html
    assert "Old [U+202E]title" in PageVisitor(hub, "ada").see("/pages/items/engines/old").text


def test_what_cannot_be_rendered_hides_nothing_either():
    renderer = BoundedRenderer(seconds=0.0)
    assert OVERRIDE not in renderer.page(f"a{OVERRIDE}b")
    renderer.close()
