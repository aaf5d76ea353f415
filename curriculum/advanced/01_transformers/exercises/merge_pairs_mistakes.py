"""More mistakes in `merge_pairs`, which is declared beside."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from .merge_pairs import encoded_by, frequencies, learned, merged, merging, slipped

choosing = merging.group("Choosing a pair", make=slipped)


@choosing.mistake(
    "Of equally frequent pairs you took the one that is smallest when joined: compare the tuples, "
    'in which ("a", "z") comes before ("ab", "a").'
)
def smallest_when_joined():
    return {"best": lambda found: min(found, key=lambda pair: (-found[pair], "".join(pair)))}


@choosing.mistake(
    "Of equally frequent pairs you took the one that makes the shortest token: take the smallest, "
    "as Python compares tuples."
)
def shortest_of_equals():
    return {
        "best": lambda found: min(found, key=lambda pair: (-found[pair], len("".join(pair)), pair))
    }


@choosing.mistake(
    "You divided a pair's count by those of its parts, as WordPiece does: byte-pair encoding takes "
    "the highest count."
)
def by_score():
    def count(split, counts):
        alone = Counter()
        for word, tokens in split.items():
            for token in tokens:
                alone[token] += counts[word]
        found = frequencies(split, counts)
        return {pair: found[pair] / (alone[pair[0]] * alone[pair[1]]) for pair in found}

    return {"count": count, "least": 0}


@merging.mistake(
    "You took the most frequent pairs of characters, all from the first count: each merge changes "
    "the words, so count again after it."
)
def counted_once(counts, number, texts):
    found = frequencies({word: [*word] for word in counts}, counts)
    merges = sorted(found, key=lambda pair: (-found[pair], pair))[:number]
    return merges, [encoded_by(merged, text, merges) for text in texts]


@merging.mistake(
    "You marked the ends of words: nothing is added here, so a token at the end of a word is the "
    "same as elsewhere."
)
def ends_marked(counts, number, texts):
    marked = {word: [*word[:-1], word[-1] + "</w>"] for word in counts}
    merges = []
    while len(merges) < number and (found := frequencies(marked, counts)):
        merges.append(min(found, key=lambda pair: (-found[pair], pair)))
        marked = {word: merged(tokens, merges[-1]) for word, tokens in marked.items()}
    return merges, [encoded_by(merged, text, merges) for text in texts]


@merging.mistake(
    "You counted pairs across the ends of words, in one long text of all of them: a token never "
    "spans two words."
)
def one_long_text(counts, number, texts):
    whole = "".join(word * times for word, times in counts.items())
    return learned({whole: 1}, number, texts)


stopping = merging.group("How many merges", make=slipped)


@merging.mistake("You learned one merge too many: number says how many.")
def one_merge_more(right, a):
    return right(number=a.number + 1)


@merging.mistake(
    "You took number for the size of the vocabulary, characters included: it is how many merges "
    "to learn."
)
def number_of_tokens(right, a):
    return right(number=max(0, a.number - len(set("".join(a.counts)))))


@stopping.mistake(
    "Where no word has a pair left, there is nothing to choose from: stop there, before `number` "
    "merges."
)
def never_stopped():
    return {"stop": False}


applying = merging.group("Applying the merges", make=slipped)


@applying.mistake(
    "You cut the texts greedily, longest token first: apply the merges instead, in the order in "
    "which they were learned."
)
def longest_first():
    def encode(text, merges):
        known = sorted({"".join(pair) for pair in merges}, key=len, reverse=True)
        tokens = []
        while text:
            tokens.append(next((t for t in known if text.startswith(t)), text[0]))
            text = text[len(tokens[-1]) :]
        return tokens

    return {"encode": encode}


@applying.mistake("You applied the latest merge first: begin with the one learned first.")
def latest_merge_first():
    return {"encode": lambda text, merges: encoded_by(merged, text, merges[::-1])}


@applying.mistake(
    "You applied the merges in alphabetical order: apply them in the order in which they were "
    "learned."
)
def sorted_merges():
    return {"encode": lambda text, merges: encoded_by(merged, text, sorted(merges))}


@applying.mistake(
    "You applied the longest merges first: apply them in the order in which they were learned."
)
def longest_merges_first():
    def encode(text, merges):
        order = sorted(merges, key=lambda pair: -len("".join(pair)))
        return encoded_by(merged, text, order)

    return {"encode": encode}


@applying.mistake("You applied each merge once in a text: apply it wherever it fits.")
def once_in_a_text():
    def join(tokens, pair):
        for i, found in enumerate(pairwise(tokens)):
            if found == pair:
                return [*tokens[:i], "".join(pair), *tokens[i + 2 :]]
        return tokens

    return {"encode": lambda text, merges: encoded_by(join, text, merges)}


@applying.mistake(
    "The spaces of the texts are gone: a text begins as a list of all its characters, spaces "
    "included."
)
def spaces_left_out():
    return {"encode": lambda text, merges: encoded_by(merged, text.replace(" ", ""), merges)}


@applying.mistake(
    "The spaces of the texts are gone, as when split() cuts them into words: a text begins as a "
    "list of all its characters, spaces included."
)
def words_of_the_texts():
    def encode(text, merges):
        return [token for word in text.split() for token in encoded_by(merged, word, merges)]

    return {"encode": encode}


texts = merging.group("Characters of the texts")


@texts.mistake(
    "Characters that no word has are gone from the texts: they stay, as tokens of their own."
)
def unknown_characters_left_out(right, a):
    known = set("".join(a.counts))
    return right(texts=["".join(c for c in text if c in known) for text in a.texts])


@texts.mistake(
    "Your texts begin as bytes: here they begin as a list of their characters, and é is one."
)
def bytes_for_characters(right, a):
    return right(texts=[text.encode().decode("latin-1") for text in a.texts])


@texts.mistake("You changed capital letters to small ones: texts stay as they are.")
def small_letters(right, a):
    return right(texts=[text.lower() for text in a.texts])


@merging.mistake("You returned each merge as one string: return the pair, which tells its parts.")
def merges_as_strings(right, a):
    merges, encoded = right()
    return ["".join(pair) for pair in merges], encoded
