"""Labels of the most similar texts: TF-IDF vectors, cosine similarity, nearest neighbours.

The methods are those of the course's module *Search and recommendation*. A word counts once a text
(binary term frequency), and the more, the fewer texts have it (inverse document frequency). A
label's score is the sum of the similarities of the nearest texts that have it. Benchmarks compare
this with simpler ways: benchmarks/hub/label_precision.py.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from lepton_hub.search.word_forms import words_of

NEAREST = 15
"""How many similar texts have a say."""
MOST_REASONS = 3
COMMON = frozenset({
    "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "between", "both", "but", "by", "can", "could", "did", "do", "does", "done",
    "each", "for", "from", "had", "has", "have", "here", "how", "if", "in", "into", "is", "it",
    "its", "just", "like", "made", "make", "may", "more", "most", "much", "must", "no", "not",
    "now", "of", "on", "one", "only", "or", "other", "our", "out", "over", "own", "same", "see",
    "should", "so", "some", "such", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "those", "through", "to", "too", "under", "up", "use", "used",
    "uses", "using", "very", "was", "we", "were", "what", "when", "where", "which", "while",
    "who", "why", "will", "with", "without", "would", "written", "you", "your",
})  # fmt: skip
"""Words that tell nothing of a subject, also where there are few texts to see that from."""
_SOME = 8
"""From so many texts on, a word that over half of them have says nothing."""


@dataclass(frozen=True)
class LabelledText:
    """A text that has labels: its words, each once."""

    words: frozenset[str]
    labels: frozenset[str]


@dataclass(frozen=True)
class Suggestion:
    """A label that may fit. words: of the text, why; texts: how many similar ones have the label.

    module: the title of the module whose term it is, where no similar text has it.
    """

    label: str
    words: tuple[str, ...] = ()
    texts: int = 0
    module: str = ""

    @property
    def why(self) -> str:
        """The reason as a sentence."""
        if self.module:
            return f"a term of the course ({self.module})"
        words = ", ".join(self.words)
        other = "a similar text has" if self.texts == 1 else f"{self.texts} similar texts have"
        return f"because of the word{'s' if len(self.words) > 1 else ''} {words}: {other} it"


def telling_words(text: str) -> frozenset[str]:
    """Return the words of a text that can tell what it is about.

    Numbers, single letters and the commonest words of English cannot.

    >>> sorted(telling_words("A rain gauge, 12 mm"))
    ['gauge', 'mm', 'rain']
    """
    words = {word for word in words_of(text) if len(word) > 1 and not word.isdecimal()}
    return frozenset(words - COMMON)


def suggest_labels(
    words: frozenset[str], known: Sequence[LabelledText], most: int, without: Collection[str] = ()
) -> list[Suggestion]:
    """Return the labels that fit a text best, the best first.

    known: texts with labels; nothing else has an influence. without: labels not to suggest.
    """
    weights = _weights(known)
    wanted = {word: weights[word] for word in words if weights.get(word)}
    scores: dict[str, float] = defaultdict(float)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    texts: Counter[str] = Counter()
    for similarity, common, text in _nearest(wanted, known, weights):
        for label in text.labels.difference(without):
            scores[label] += similarity
            texts[label] += 1
            reasons[label].update(common)
    best = sorted(scores, key=lambda label: (-round(scores[label], 9), label))[:most]
    return [Suggestion(label, _reasons(reasons[label], wanted), texts[label]) for label in best]


def _weights(known: Sequence[LabelledText]) -> dict[str, float]:
    """Return the inverse document frequency of each word; 0 for one that most texts have."""
    counts = Counter(word for text in known for word in text.words)
    limit = len(known) / 2 if len(known) >= _SOME else len(known)
    return {
        word: math.log((1 + len(known)) / (1 + count)) + 1 if count <= limit else 0.0
        for word, count in counts.items()
    }


def _nearest(
    wanted: dict[str, float], known: Iterable[LabelledText], weights: dict[str, float]
) -> list[tuple[float, set[str], LabelledText]]:
    """Return the most similar texts: cosine similarity, common words, text."""
    found = []
    length = math.hypot(*wanted.values())
    for place, text in enumerate(known):
        common = wanted.keys() & text.words
        if common:
            dot = math.fsum(wanted[word] ** 2 for word in common)
            size = math.sqrt(math.fsum(weights[word] ** 2 for word in text.words))
            found.append((dot / (length * size), common, place, text))
    found.sort(key=lambda one: (-one[0], one[2]))
    return [(similarity, common, text) for similarity, common, _, text in found[:NEAREST]]


def _reasons(counts: Counter[str], wanted: dict[str, float]) -> tuple[str, ...]:
    """Return the words that brought a label forward: those that weigh most, over all texts."""
    ranked = sorted(counts, key=lambda word: (-counts[word] * wanted[word] ** 2, word))
    return tuple(ranked[:MOST_REASONS])
