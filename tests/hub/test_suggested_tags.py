"""Suggested tags: what fits first, why, from what may be seen alone; in the forms as well."""

from __future__ import annotations

import random
import tracemalloc

import numpy as np
import pytest
from page_visitor import PageContent, PageVisitor
from sklearn.feature_extraction.text import TfidfVectorizer
from small_hub import small_hub

from lepton_hub.suggestions.label_suggestions import (
    NAMED,
    LabelledText,
    suggest_labels,
    telling_words,
)

SUBJECTS = {
    "weather": "rain gauge snow storm forecast cloud wind season",
    "churn": "customer contract cancel renewal invoice complaint loyalty month",
    "images": "camera pixel photo crop lens lighting defect surface",
    "fraud": "card merchant transfer alert account blocked device stolen",
}
GENERAL = "data model week file table result number run part note"


def made_up(seed: int, count: int) -> list[tuple[LabelledText, str]]:
    """Return texts with their title: of a subject's words and of words that any text has."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        label = rng.choice(sorted(SUBJECTS))
        own = rng.sample(SUBJECTS[label].split(), 3)
        text = " ".join([*own, *rng.choices(GENERAL.split(), k=9)])
        odd = {rng.choice(sorted(SUBJECTS))} if rng.random() < 0.2 else set()
        found.append((LabelledText(telling_words(text), frozenset({label} | odd)), own[0]))
    return found


def precision_at_1(known: list[LabelledText], asked: list[LabelledText]) -> float:
    hits = []
    for one in asked:
        first = suggest_labels(one.words, known, 1)
        hits.append(bool(first) and first[0].label in one.labels)
    return float(np.mean(hits))


def test_it_beats_the_commonest_tag_and_its_control_does_not():
    texts = [text for text, _ in made_up(0, 160)]
    known, asked = texts[:100], texts[100:]
    labels = [text.labels for text in known]
    commonest = max(SUBJECTS, key=lambda label: sum(label in some for some in labels))
    baseline = float(np.mean([commonest in text.labels for text in asked]))
    random.Random(1).shuffle(labels)
    dealt = [LabelledText(t.words, some) for t, some in zip(known, labels, strict=True)]
    assert precision_at_1(known, asked) >= 0.9
    assert baseline < 0.5
    assert precision_at_1(dealt, asked) < 0.5


def test_many_labels_and_many_words_take_little_memory():
    """600 tags and 12,000 words: a vector of all words for each tag would take 55 MiB."""
    rng = random.Random(2)
    words = [f"word{number}" for number in range(20_000)]
    known = [
        LabelledText(frozenset(rng.sample(words, 100)), frozenset({f"t{one}", f"u{one}"}))
        for one in range(300)
    ]
    tracemalloc.start()
    found = suggest_labels(known[7].words, known, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [one.label for one in found] == ["t7", "u7"]
    assert peak < 20 * 2**20


def test_scores_are_those_of_scikit_learn():
    texts = [text for text, _ in made_up(3, 7)]  # so few that no word is left out
    vectorizer = TfidfVectorizer(analyzer=sorted, binary=True)
    vectors = vectorizer.fit_transform([text.words for text in texts]).toarray()
    words = frozenset({"rain", "card", "camera", "customer", "data"})
    asked = vectorizer.transform([words]).toarray()[0]
    asked /= max(1e-12, float(np.linalg.norm(asked)))
    expected = {}
    for label in {label for text in texts for label in text.labels}:
        of = np.sum([v for v, t in zip(vectors, texts, strict=True) if label in t.labels], axis=0)
        expected[label] = float(asked @ of / np.linalg.norm(of))
    found = [one.label for one in suggest_labels(words, texts, 9)]
    assert found == sorted((x for x in expected if expected[x] > 0), key=lambda x: -expected[x])
    assert NAMED > 0


def test_reasons_are_words_of_the_text():
    known = [
        LabelledText(telling_words("the rain gauge"), frozenset({"weather", "city"})),
        LabelledText(telling_words("a gauge of rain"), frozenset({"weather"})),
        LabelledText(telling_words("a card of the bank"), frozenset({"fraud"})),
    ]
    first, second = suggest_labels(telling_words("Rain, rain, and the gauge"), known, 5)
    assert (first.label, first.words, first.texts) == ("weather", ("gauge", "rain"), 2)
    assert first.why == "because of the words gauge, rain, as in 2 texts with it"
    assert (second.label, second.texts) == ("city", 1)
    assert suggest_labels(telling_words("of the"), known, 5) == []
    assert suggest_labels(telling_words("rain"), [], 5) == []
    without = suggest_labels(telling_words("rain"), known, 5, without={"weather"})
    assert [one.label for one in without] == ["city"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with small_hub(tmp_path_factory.mktemp("hub")) as hub:
        for number in range(3):
            hub.make(
                "ada", f"engines/w{number}", title="Rain gauge", tags=["weather"],
                category="climate", description="drops and storms",
            )  # fmt: skip
        hub.make("ada", "engines/fraud", title="Stolen cards", tags=["fraud"], category="money")
        told = {"item": "engines/fraud", "title": "Which bank?", "text": "transfers"}
        hub.post("ada", "/threads", {**told, "tags": ["bank"]})
        yield hub


def labels(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["label"] for one in answer.json()["tags"]]


def test_a_text_an_item_and_a_thread_count(hub):
    answer = hub.get("ada", "/suggestions/tags", params={"text": "Storms and a gauge"})
    assert labels(answer) == ["weather"]
    assert [one["label"] for one in answer.json()["categories"]] == ["climate"]
    assert answer.json()["tags"][0]["words"] == ["gauge", "storms"]
    bank = hub.get("ada", "/suggestions/tags", params={"text": "transfers, with early stopping"})
    assert labels(bank) == ["bank", "early stopping"]
    assert bank.json()["tags"][1]["why"] == "a term of the course (Training well)"
    hub.make("ada", "engines/new", title="Another rain gauge", tags=["own"])
    mine = hub.get("ada", "/suggestions/tags", params={"item": "engines/new"})
    assert labels(mine) == ["weather"]  # its own tag, and itself, do not count
    query = {"text": "gauge", "without": ["weather", "own"]}
    assert labels(hub.get("ada", "/suggestions/tags", params=query)) == []
    assert hub.get("ada", "/suggestions/tags").status_code == 422
    assert labels(hub.get("dora", "/suggestions/tags", params={"text": "a rain gauge"})) == []
    assert "gauge" not in str(hub.log(action="tags.suggest"))


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/pages/items/new", {"kind": "code", "space": "engines", "name": "made"}),
        ("/pages/documents/new", {"space": "engines", "name": "doc", "text": "storms"}),
        ("/pages/items/engines/fraud/card", {"revision": "1"}),
    ],
)
def test_forms_suggest_and_take_what_is_ticked(hub, path, more):
    ada = PageVisitor(hub, "ada")
    card = {"licence": "x", "origin": "x", "personal_data": "none", "tags": "mine"}
    typed = {"title": "Rain gauge", **card, **more}
    before = hub.get("ada", "/items").json()["total"]
    page = PageContent(ada.send(path, {**typed, "action": "suggest"}).text)
    assert "because of the words gauge, rain" in page.text
    form = page.form(path)
    assert (form.fields["title"], form.fields["tags"]) == ("Rain gauge", "mine")
    assert hub.get("ada", "/items").json()["total"] == before  # nothing is saved yet
    sent = {**form.fields, "suggested_tag": ["weather"], "action": "save"}
    assert ada.send(path, sent).status_code == 303
    reference = "engines/fraud" if "card" in path else f"engines/{more['name']}"
    assert hub.get("ada", f"/items/{reference}").json()["tags"] == ["mine", "weather"]


def test_suggesting_keeps_the_revision_that_a_card_began_from(hub):
    ada = PageVisitor(hub, "ada")
    path = "/pages/items/engines/w0/card"
    form = ada.see(path).form(path)
    faster = {**form.fields, "limits": "of a colleague", "action": "save"}
    assert ada.send(path, faster).status_code == 303
    shown = PageContent(ada.send(path, {**form.fields, "action": "suggest"}).text).form(path)
    answer = ada.send(path, {**shown.fields, "action": "save"})
    assert answer.status_code == 422 and "It now says: of a colleague" in answer.text
    dora = PageVisitor(hub, "dora")
    assert dora.send(path, {"title": "Rain", "action": "suggest"}).status_code == 404
