"""The glossary: each term of a module, with the sentence of the lesson that sets it in bold."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from nbformat import NotebookNode

from book.anchors import slug

_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_ENDS = re.compile(r"(?<=[.!?…])(?:\*\*)? +(?=[A-Z*(`$\"“])")
_KEEP_WHOLE = re.compile(r"`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\be\.g\.|\bi\.e\.|\bcf\.")
_LINKED = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_HEADING = re.compile(r"^#{1,6} +(.*?) *$")
_LISTED = re.compile(r"^(?:[-*] |\d+\. )")
_SEE_BEFORE = re.compile(
    r"(?:\*\*)?(?:This|That|These|Those|It|Its|They|Such|Both|So|Here|The sum|The result)\b"
)
"""How a sentence begins that is not understood without the one before."""

NOT_TAUGHT_IN = ("Summary", "Quiz", "References")


@dataclass(frozen=True)
class Meaning:
    """What one lesson says of a term.

    sentence: in Markdown, without links. heading: of the section where it stands.
    """

    term: str
    module: str
    sentence: str
    heading: str


@dataclass(frozen=True)
class Passage:
    """A paragraph, a list's item or a table's row, on one line, below its heading."""

    heading: str
    text: str


def meanings(terms: Sequence[str], module: str, lesson: NotebookNode) -> list[Meaning]:
    """Return the meaning of each term, from the first place of the lesson that sets it in bold.

    Raises ValueError naming the terms that are nowhere in bold.
    """
    passages = list(passages_of(lesson))
    taught = [passage for passage in passages[1:] if passage.heading not in NOT_TAUGHT_IN]
    found = {term: _meaning(term, module, [*taught, *passages]) for term in terms}
    missing = [term for term, meaning in found.items() if meaning is None]
    if missing:
        raise ValueError(f"{module}, lesson.ipynb: not set in bold: {', '.join(missing)}")
    return [meaning for meaning in found.values() if meaning]


def passages_of(notebook: NotebookNode) -> Iterator[Passage]:
    """Yield the passages of a notebook's text in order, without blocks of code.

    A formula that a passage announces belongs to it.
    """
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        text = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
        lines: list[str] = []
        for line in text.splitlines():
            title = _HEADING.match(line)
            begins = title or not line.strip() or _LISTED.match(line) or line.startswith("|")
            if lines and begins and not (_announces(lines) and not line.strip()):
                yield Passage(heading, " ".join(lines))
                lines = []
            if title:
                heading = title[1]
            elif line.startswith("|"):
                lines = [": ".join(filter(None, map(str.strip, line.strip("| ").split("|"))))]
            elif line.strip():
                lines.append(_LISTED.sub("", line.strip()))
        if lines:
            yield Passage(heading, " ".join(lines))


def _announces(lines: Sequence[str]) -> bool:
    """Return whether a passage ends as if a formula followed, which then belongs to it."""
    return lines[-1].endswith((":", ","))


def _meaning(term: str, module: str, passages: Sequence[Passage]) -> Meaning | None:
    for passage in passages:
        sentence = sentence_with(term, passage.text)
        if sentence:
            return Meaning(term, module, sentence, passage.heading)
    return None


def sentence_with(term: str, text: str) -> str:
    """Return the sentence that sets a term in bold, and the one before where it refers to that.

    Returns "" when there is none. Links become their text.

    >>> sentence_with("epoch", "One pass takes a minute. This is an **epoch**. Two follow.")
    'One pass takes a minute. This is an **epoch**.'
    """
    sentences = sentences_of(_LINKED.sub(r"\1", text))
    for place, sentence in enumerate(sentences):
        bold = {words.strip(" .:").lower() for words in _BOLD.findall(sentence)}
        if {term.lower(), f"{term.lower()}s"} & bold:
            first = place - 1 if place and _SEE_BEFORE.match(sentence) else place
            return _complete(" ".join(sentences[first : place + 1]))
    return ""


def _complete(sentence: str) -> str:
    """Return a sentence that was taken out of its list or brackets as one of its own."""
    if sentence.startswith("(") and sentence.count("(") > sentence.count(")"):
        sentence = sentence[1:]
    return f"{sentence[:-1]}." if sentence.endswith((";", ",")) else sentence


def sentences_of(text: str) -> list[str]:
    """Split a passage into sentences; code and formulas stay whole.

    >>> sentences_of("Take `a. B`. Then $x. Y$ follows. *Done*.")
    ['Take `a. B`.', 'Then $x. Y$ follows.', '*Done*.']
    """
    whole: list[str] = []

    def put_away(part: re.Match[str]) -> str:
        whole.append(part[0])
        return f"\x00{len(whole) - 1}\x00"

    parts = _ENDS.split(_KEEP_WHOLE.sub(put_away, text))
    return [re.sub(r"\x00(\d+)\x00", lambda m: whole[int(m[1])], part) for part in parts]


def glossary_page(found: Sequence[Meaning], titles: dict[str, str]) -> str:
    """Return the page, in MyST Markdown: the terms by letter, each with where it is taught.

    titles: of the modules, by id.
    """
    by_term: dict[str, list[Meaning]] = defaultdict(list)
    for meaning in found:
        by_term[meaning.term.lower()].append(meaning)
    parts = [
        "# Glossary",
        f"The {len(by_term)} terms that the lessons teach, each with the lesson's own sentence and "
        "a link to the place.",
    ]
    for letter, names in groupby(sorted(by_term, key=_sort_key), key=_letter):
        parts += [f"## {letter}", "````{glossary}"]
        parts += [_entry(by_term[name], titles) for name in names]
        parts.append("````")
    return "\n\n".join(parts) + "\n"


def _entry(found: Sequence[Meaning], titles: dict[str, str]) -> str:
    lines = [found[0].term]
    for meaning in found:
        place = f"curriculum/{meaning.module}/lesson.ipynb#{slug(meaning.heading)}"
        where = f"[{titles[meaning.module]}: {meaning.heading}]({place})"
        lines += [f"  {meaning.sentence}", "", f"  *{where}*", ""]
    return "\n".join(lines).rstrip()


def _sort_key(term: str) -> tuple[bool, str]:
    return term[0].isalpha(), term


def _letter(term: str) -> str:
    return term[0].upper() if term[0].isalpha() else "0 to 9"
