"""Look-alike letters: no name may be mistaken for another (homograph attacks).

The rule follows Unicode Technical Standard 39 as far as needed: each word may use letters of only
one of the scripts that share shapes with Latin.
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
"""Greek letters used in formulas that have no look-alikes, as in Δt and σ₁."""
_SHAPES = {
    "a": "аɑα", "b": "ьƅвβ", "c": "сϲ", "d": "ԁ", "e": "еҽε", "g": "ɡ", "h": "һհн", "i": "іıι",
    "j": "јϳյȷʝ", "k": "кκ", "l": "ӏǀ", "m": "м", "n": "ոп", "o": "оοօⲟσ", "p": "рρⲣ", "q": "ԛ",
    "s": "ѕ", "t": "тτ", "u": "սυ", "v": "ѵν", "w": "ԝω", "x": "хχ", "y": "уγ", "z": "ʐ",
}  # fmt: skip
"""Lowercase letters and their look-alikes; capitals are lowercased first."""
_LOOKS_LIKE = str.maketrans({other: one for one, others in _SHAPES.items() for other in others})


def plain_label(text: str) -> str:
    """Return a label that people trust, such as a category, normalised to NFKC.

    Raises ValueError if it has hidden characters, or a word that mixes scripts.
    """
    return check_words(check_line(unicodedata.normalize("NFKC", text)))


def check_words(text: str) -> str:
    """Return a text if each word's letters are of one script. Raises ValueError."""
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
    r"""Return a text's skeleton: texts with equal skeletons look alike.

    >>> skeleton("\u0458\u043eb\u200b 7")
    'job 7'
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    seen = (letter for letter in folded if letter.isprintable() and not _is_mark(letter))
    return "".join(seen).translate(_LOOKS_LIKE)


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "M"


def _script(letter: str) -> str:
    """Return a letter's script; phonetic letters, which imitate Latin, count as a separate one."""
    if letter.isascii():
        return "LATIN"
    if letter in _SYMBOLS:
        return ""
    script = unicodedata.name(letter, "").partition(" ")[0]
    if script == "LATIN" and ("\u0250" <= letter < "\u1e00" or letter >= "\u2c60"):
        return _PHONETIC
    return script
