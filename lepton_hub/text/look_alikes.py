"""Letters that look like others: a name must not pass for another one.

The rule follows Unicode's report 39, as far as it matters here: of the scripts that share shapes
with ours, one word has letters of one alone.
"""

from __future__ import annotations

import re
import unicodedata

from lepton_hub.text.hidden_characters import check_line

_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = frozenset({
    "ADLAM", "ARMENIAN", "CANADIAN", "CARIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "DESERET",
    "ELBASAN", "GLAGOLITIC", "GOTHIC", "GREEK", "LATIN", "LISU", "LYCIAN", "LYDIAN",
    "MEDEFAIDRIN", "NEW", "NKO", "OLD", "OSAGE", "TIFINAGH", "VAI", "VITHKUQI", "WARANG",
})  # fmt: skip
"""The first words of their letters' names: NEW of New Tai Lue, OLD of Old Italic and others."""
_PHONETIC = "PHONETIC"
_SYMBOLS = frozenset("ΓΔΘΛΞΠΣΦΨΩβδεζηθλμξπστφχψω")
"""Greek letters of formulas that look like no others, such as in Δt and σ₁."""
_SHAPES = {
    "a": "аɑα", "b": "ьƅвβ", "c": "сϲ", "d": "ԁ", "e": "еҽε", "g": "ɡ", "h": "һհн", "i": "іıι",
    "j": "јϳյȷʝ", "k": "кκ", "l": "ӏǀ", "m": "м", "n": "ոп", "o": "оοօⲟσ", "p": "рρⲣ", "q": "ԛ",
    "s": "ѕ", "t": "тτ", "u": "սυ", "v": "ѵν", "w": "ԝω", "x": "хχ", "y": "уγ", "z": "ʐ",
}  # fmt: skip
"""Small letters, and others of their shape; capitals come here as small ones."""
_LOOKS_LIKE = str.maketrans({other: one for one, others in _SHAPES.items() for other in others})


def plain_label(text: str) -> str:
    """Return a label that people trust, such as a category, in its plain form (NFKC).

    Raises ValueError where something in it is hidden, or a word mixes scripts.
    """
    return check_words(check_line(unicodedata.normalize("NFKC", text)))


def check_words(text: str) -> str:
    """Return a text if each of its words has letters of one script. Raises ValueError."""
    if not text.isascii():
        for found in _WORD.finditer(text):
            scripts = {_script(letter) for letter in found[0]} & {*_SCRIPTS, _PHONETIC}
            if len(scripts) > 1:
                mixed = " and ".join(sorted(name.title() for name in scripts))
                raise ValueError(
                    f"the word {found[0]!r} mixes letters that look alike, {mixed}: retype it in "
                    "one script"
                )
    return text


def skeleton(text: str) -> str:
    r"""Return what a text looks like: texts of one skeleton can be taken for each other.

    >>> skeleton("\u0458\u043eb\u200b 7")
    'job 7'
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    seen = (letter for letter in folded if letter.isprintable() and not _is_mark(letter))
    return "".join(seen).translate(_LOOKS_LIKE)


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "M"


def _script(letter: str) -> str:
    """Return the script of a letter; phonetic ones, which ape ours, have one of their own."""
    if letter.isascii():
        return "LATIN"
    if letter in _SYMBOLS:
        return ""
    script = unicodedata.name(letter, "").partition(" ")[0]
    if script == "LATIN" and ("\u0250" <= letter < "\u1e00" or letter >= "\u2c60"):
        return _PHONETIC
    return script
