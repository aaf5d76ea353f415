"""How well the hub suggests tags: precision of the first three, beside simpler ways and a control.

    .venv/bin/python benchmarks/hub/label_precision.py

Two collections, each text suggested for from all others of its split:

- cards: made-up cards of 14 subjects, with words of their subject, of another one and of none, and
  tags that people left out or chose oddly; 300 to learn from and 100 to suggest for, five seeds;
- lessons: the sections of the course's lessons, whose one label is their module; half and half.

Ways: the hub's own, by each label's centroid; the 15 nearest texts, which have a say by their
similarity; naive Bayes (scikit-learn's ComplementNB); words of the title that are labels, then the
commonest; the commonest labels. Control: the hub's own way with labels that were dealt out anew,
which should be no better than the commonest labels.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import ComplementNB
from sklearn.preprocessing import MultiLabelBinarizer

from lepton_hub.suggestions.label_suggestions import LabelledText, suggest_labels, telling_words

CURRICULUM = Path(__file__).resolve().parents[2] / "curriculum"
SEEDS, FIRST, NEAREST = 5, 3, 15
SUBJECTS = {
    "rain riders forecast": "rain gauge bus route stop timetable ridership weekday holiday snow "
    "umbrella weather delay morning evening peak passengers tickets city street lane",
    "churn customers": "subscription cancel renewal invoice contract complaint loyalty discount "
    "month account support call satisfaction winback segment tenure plan upgrade price customer",
    "images quality": "camera photo scratch surface defect lighting conveyor pixel crop label "
    "inspection part steel weld reject focus lens angle batch shift line image",
    "text support": "ticket mail answer question language phrase sentence topic translation agent "
    "reply spelling product manual search word embedding summary dialogue intent email",
    "fraud payments": "card transaction merchant chargeback amount country device suspicious rule "
    "alert stolen bank transfer limit review velocity account blocked score payment",
    "maintenance sensors": "vibration bearing temperature pump motor failure hours oil pressure "
    "valve alarm turbine frequency spectrum wear repair spare technician downtime sensor",
    "energy forecast": "load grid solar panel wind meter kilowatt tariff battery consumption peak "
    "heating household substation voltage cloud seasonal demand price power",
    "health privacy": "patient hospital consent anonymous record diagnosis ward visit physician "
    "laboratory treatment pseudonym ethics trial age sex region study nurse blood",
    "recommendation shop": "basket product click purchase category brand item session view rating "
    "similar cart promotion catalogue size colour return shop search offer",
    "physics detector": "particle track collision detector calorimeter vertex momentum beam muon "
    "electron trigger layer hit energy resolution background simulation event jet",
    "gpu training": "memory card batch node cluster driver queue throughput precision checkpoint "
    "gradient worker bandwidth utilisation kernel job schedule profiler container hours",
    "evaluation statistics": "test interval sample hypothesis variance bootstrap confidence split "
    "metric baseline significance experiment effect power seed fold average curve bias",
    "how to onboarding": "install account folder notebook environment password laptop guide step "
    "first week mentor checklist access request wiki team meeting tool repository",
    "maps geography": "coordinate street polygon satellite region elevation border river altitude "
    "projection tile district latitude land forest road distance village parcel",
}
GENERAL = (
    "data model result file version column value year table new number list team note work time "
    "day change report project set count first last small large part step missing check week "
    "example error clean input output run score history simple update share owner source plan"
)  # fmt: skip


@dataclass(frozen=True)
class LabelledExample:
    """A text with its title and its labels."""

    title: str
    text: str
    labels: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        return telling_words(f"{self.title}\n{self.text}")


Way = Callable[[Sequence[LabelledExample], Sequence[LabelledExample]], list[list[str]]]


def made_up_cards(seed: int, count: int) -> list[LabelledExample]:
    """Return cards as people write them: some words fit, some tags are missing or odd."""
    rng = random.Random(seed)
    tags = {subject: tag_names(subject) for subject in SUBJECTS}
    every_tag = sorted({tag for some in tags.values() for tag in some})
    cards = []
    for _ in range(count):
        subject, other = rng.sample(list(SUBJECTS), 2)
        own, foreign, general = (
            some.split() for some in (SUBJECTS[subject], SUBJECTS[other], GENERAL)
        )
        length = rng.randint(10, 40)
        pools = rng.choices([own, foreign, general], weights=[20, 15, 65], k=length)
        text = " ".join(rng.choice(pool) for pool in pools)
        title = " ".join(rng.choice(rng.choice([own, general])) for _ in range(rng.randint(2, 5)))
        if rng.random() < 0.4:
            title += " " + rng.choice(tags[subject])
        labels = {tag for tag in tags[subject] if rng.random() < 0.75}
        labels |= {rng.choice(every_tag)} if rng.random() < 0.15 else set()
        labels = labels or {tags[subject][0]}
        cards.append(LabelledExample(title, text, frozenset(labels)))
    return cards


def tag_names(subject: str) -> list[str]:
    return [subject] if subject.startswith("how to") else subject.split()


def lesson_sections() -> list[LabelledExample]:
    """Return the sections of the lessons with their headings; each has its module as its label."""
    found = []
    for path in sorted(CURRICULUM.glob("*/*/lesson.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            title, _, body = section.partition("\n")
            if len(body) > 400:
                label = path.parent.name.partition("_")[2].replace("_", " ")
                found.append(LabelledExample(title, body[:4000], frozenset({label})))
    return found


def hubs_own(known: Sequence[LabelledExample], asked: Sequence[LabelledExample]) -> list[list[str]]:
    texts = [LabelledText(one.words, one.labels) for one in known]
    return [[one.label for one in suggest_labels(ask.words, texts, FIRST)] for ask in asked]


def nearest(known: Sequence[LabelledExample], asked: Sequence[LabelledExample]) -> list[list[str]]:
    vectors, wanted, labels, has = _matrices(known, asked)
    similar = wanted @ vectors.T
    similar[similar < np.sort(similar, axis=1)[:, [-NEAREST]]] = 0
    return _first(similar @ has, labels)


def naive_bayes(
    known: Sequence[LabelledExample], asked: Sequence[LabelledExample]
) -> list[list[str]]:
    vectors, wanted, labels, has = _matrices(known, asked)
    scores = np.zeros((len(asked), len(labels)))
    for place in range(len(labels)):
        model = ComplementNB().fit(vectors, has[:, place])
        odds = model.predict_joint_log_proba(wanted)
        scores[:, place] = odds[:, 1] - odds[:, 0]
    return _first(scores, labels)


def title_words(
    known: Sequence[LabelledExample], asked: Sequence[LabelledExample]
) -> list[list[str]]:
    common = _commonest(known)
    found = []
    for ask in asked:
        words = telling_words(ask.title)
        named = [label for label in common if telling_words(label) <= words]
        found.append([*dict.fromkeys([*named, *common])][:FIRST])
    return found


def commonest(
    known: Sequence[LabelledExample], asked: Sequence[LabelledExample]
) -> list[list[str]]:
    return [_commonest(known)[:FIRST] for _ in asked]


def dealt_anew(
    known: Sequence[LabelledExample], asked: Sequence[LabelledExample]
) -> list[list[str]]:
    """The control."""
    labels = [one.labels for one in known]
    random.Random(0).shuffle(labels)
    pairs = zip(known, labels, strict=True)
    return hubs_own([LabelledExample(k.title, k.text, some) for k, some in pairs], asked)


WAYS: dict[str, Way] = {
    "the hub's own": hubs_own,
    "nearest texts": nearest,
    "naive Bayes": naive_bayes,
    "words of the title": title_words,
    "commonest labels": commonest,
    "control": dealt_anew,
}


def precision(found: Sequence[list[str]], asked: Sequence[LabelledExample]) -> float:
    """Return which part of the suggestions fits, of as many as can: min(3, labels of the text)."""
    return float(
        np.mean(
            [
                len({*some} & ask.labels) / min(FIRST, len(ask.labels))
                for some, ask in zip(found, asked, strict=True)
            ]
        )
    )


def strict_precision(found: Sequence[list[str]], asked: Sequence[LabelledExample]) -> float:
    """Return precision@3: which part of three suggestions fits."""
    pairs = zip(found, asked, strict=True)
    return float(np.mean([len({*some} & ask.labels) / FIRST for some, ask in pairs]))


def _matrices(known, asked):
    vectorizer = TfidfVectorizer(analyzer=lambda one: sorted(one.words), binary=True)
    vectors, wanted = vectorizer.fit_transform(known).toarray(), vectorizer.transform(asked)
    binarizer = MultiLabelBinarizer()
    has = binarizer.fit_transform([one.labels for one in known])
    return vectors, wanted.toarray(), list(binarizer.classes_), has


def _first(scores: np.ndarray, labels: list[str]) -> list[list[str]]:
    return [[labels[place] for place in np.argsort(-row)[:FIRST]] for row in scores]


def _commonest(known: Sequence[LabelledExample]) -> list[str]:
    counts = Counter(label for one in known for label in one.labels)
    return sorted(counts, key=lambda label: (-counts[label], label))


def main() -> None:
    """Print the table."""
    sections = lesson_sections()
    print(f"{'':20} {'cards: precision@3':>24} {'at best':>8} {'lessons: among 3':>18} {'s':>6}")
    for name, way in WAYS.items():
        begun = time.process_time()
        runs = []
        best = []
        for seed in range(SEEDS):
            cards = made_up_cards(seed, 400)
            found = way(cards[:300], cards[300:])
            runs.append(strict_precision(found, cards[300:]))
            best.append(precision(found, cards[300:]))
        halves = []
        for seed in range(SEEDS):
            random.Random(seed).shuffle(sections)
            half = len(sections) // 2
            halves.append(precision(way(sections[:half], sections[half:]), sections[half:]))
        took = time.process_time() - begun
        spread = f"{np.mean(runs):.3f} ± {np.std(runs, ddof=1):.3f}"
        print(f"{name:20} {spread:>24} {np.mean(best):8.3f} {np.mean(halves):18.3f} {took:6.1f}")


if __name__ == "__main__":
    main()
