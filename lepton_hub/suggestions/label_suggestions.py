"""Suggest labels by the cosine between a text's TF-IDF vector and each label's centroid.

The methods are those of the course's module *Search and recommendation*. A word counts once per
text (binary term frequency), and rarer words count more (inverse document frequency). A label's
centroid is the sum of its texts' unit vectors. benchmarks/hub/label_precision.py compares this with
other methods.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lepton_hub.search.word_forms import words_of

MOST_REASONS = 3
NAMED = 0.2
"""The bonus to a label's score, a cosine, if the text contains the label's own words."""
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
"""Stop words, which say nothing about a subject; needed when there are few texts."""
_SOME = 8
"""With at least this many texts, words that over half of them contain are ignored."""


@dataclass(frozen=True)
class LabelledText:
    """A text that has labels: its words, each once."""

    words: frozenset[str]
    labels: frozenset[str]


@dataclass(frozen=True)
class LabelSuggestion:
    """A label that may fit.

    words: the words of the text that led to it. texts: the number of other texts that contain one
    of them and have the label. module: the title of the module whose term it is, if no such text
    has it.
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
        words = f"word{'s' if len(self.words) > 1 else ''} {', '.join(self.words)}"
        texts = "one text" if self.texts == 1 else f"{self.texts} texts"
        return f"because of the {words}, as in {texts} with it"


def telling_words(text: str) -> frozenset[str]:
    """Return the words of a text that can indicate its subject.

    Numbers, single letters and English stop words are excluded.

    >>> sorted(telling_words("A rain gauge, 12 mm"))
    ['gauge', 'mm', 'rain']
    """
    words = {word for word in words_of(text) if len(word) > 1 and not word.isdecimal()}
    return frozenset(words - COMMON)


def suggest_labels(
    words: frozenset[str], known: Sequence[LabelledText], most: int, without: Collection[str] = ()
) -> list[LabelSuggestion]:
    """Return the labels that fit a text best, best first.

    known: texts with labels, the only input. without: labels not to suggest.
    """
    place = {word: number for number, word in enumerate({w for t in known for w in t.words})}
    rows = [np.array([place[word] for word in text.words], dtype=int) for text in known]
    weights = _weights(rows, len(place))
    wanted = sorted(word for word in words if word in place and weights[place[word]])
    at = np.array([place[word] for word in wanted], dtype=int)
    shares = {
        label: dict(zip(wanted, centroid * weights[at], strict=True))
        for label, centroid in _centroids(rows, known, weights, at, without)
        if centroid.any()
    }
    scores = {
        label: round(math.fsum(found.values()) + NAMED * _is_named(label, words), 9)
        for label, found in shares.items()
    }
    counts = Counter(label for text in known for label in text.labels)
    best = sorted(scores, key=lambda label: (-scores[label], -counts[label], label))[:most]
    return [_explained(label, shares[label], known) for label in best]


def _is_named(label: str, words: frozenset[str]) -> bool:
    named = telling_words(label)
    return bool(named) and named <= words


def _weights(rows: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Return the words' inverse document frequencies (size,); 0 for words that most texts contain.

    rows: the numbers of each text's words.
    """
    counts = np.bincount(np.concatenate([*rows, np.zeros(0, dtype=int)]), minlength=size)
    limit = len(rows) / 2 if len(rows) >= _SOME else len(rows)
    return np.where(counts <= limit, np.log((1 + len(rows)) / (1 + counts)) + 1, 0.0)


def _centroids(
    rows: Sequence[np.ndarray],
    known: Sequence[LabelledText],
    weights: np.ndarray,
    at: np.ndarray,
    without: Collection[str],
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each label's centroid: the sum of its texts' vectors, normalised to length 1.

    at: the indices of the words to return; the centroids have its shape. A label's cost depends
    only on its own texts, not on the size of the vocabulary.
    """
    of_label: dict[str, list[int]] = {}
    for number, text in enumerate(known):
        for label in text.labels.difference(without):
            of_label.setdefault(label, []).append(number)
    vectors = [weights[row] / max(1e-12, float(np.linalg.norm(weights[row]))) for row in rows]
    sums = np.zeros(len(weights))
    for label, numbers in of_label.items():
        words = np.concatenate([rows[number] for number in numbers])
        np.add.at(sums, words, np.concatenate([vectors[number] for number in numbers]))
        own = np.unique(words)
        yield label, sums[at] / max(1e-12, float(np.linalg.norm(sums[own])))
        sums[own] = 0.0


def _explained(
    label: str, shares: Mapping[str, float], known: Sequence[LabelledText]
) -> LabelSuggestion:
    """Return a label with the words that contributed most, and the number of texts with both."""
    having = [word for word, share in shares.items() if share]
    ranked = sorted(having, key=lambda word: (-round(shares[word], 9), word))
    reasons = ranked[:MOST_REASONS]
    texts = sum(label in text.labels and not text.words.isdisjoint(reasons) for text in known)
    return LabelSuggestion(label, tuple(reasons), texts)
