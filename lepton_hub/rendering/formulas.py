r"""Convert formulas in rendered Markdown to MathML, which browsers render without scripts.

The converter passes the author's markup through, such as `\href` and `\text{<b>}`, so its tree is
rebuilt here from an allowlist of harmless elements and attributes.
"""

from __future__ import annotations

import re
from html import escape, unescape
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element

LONGEST_FORMULA = 4000
"""In characters. Longer ones stay TeX."""
DEEPEST_FORMULA = 60

_INLINE = re.compile(r'<span class="math inline">\\\(([^<]*)\\\)</span>')
_BLOCK = re.compile(r'<div class="math block">\s*\\\[([^<]*)\\\]\s*</div>')
_ELEMENTS = frozenset(
    (
        *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "mpadded", "mphantom"),
        *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
        *("mmultiscripts", "mprescripts", "menclose", "mtable", "mtr", "mtd"),
    )
)
_ATTRIBUTES = {
    "accent": "true|false",
    "columnalign": "(left|right|center)( (left|right|center))*",
    "display": "block|inline",
    "displaystyle": "true|false",
    "fence": "true|false",
    "form": "prefix|infix|postfix",
    "linethickness": "0|0?[.][0-9]{1,3}(em|pt)",
    "mathvariant": "[a-z-]{1,24}",
    "maxsize": r"[0-9]{0,2}(\.[0-9]{1,3})?em",
    "minsize": r"[0-9]{0,2}(\.[0-9]{1,3})?em",
    "movablelimits": "true|false",
    "stretchy": "true|false",
    "width": r"-?[0-3]?(\.[0-9]{1,3})?em",
}


_BARS = frozenset("|‖∥∣⌊⌋⌈⌉⟨⟩")


class NotConverted(ValueError):
    """A formula stays TeX."""


def with_formulas(html: str) -> str:
    """Return HTML of `render_markdown` with its formulas as MathML.

    Formulas that cannot be converted stay TeX, marked as such.
    """
    html = _INLINE.sub(lambda found: _drawn(found[1], "inline", "span"), html)
    return _BLOCK.sub(lambda found: _drawn(found[1], "block", "div"), html)


def mathml(tex: str, display: str = "inline") -> str:
    """Return a formula in TeX as MathML that is safe to show.

    display: "inline" or "block". Raises NotConverted.
    """
    if len(tex) > LONGEST_FORMULA:
        raise NotConverted("it is too long")
    tex = tex.replace("{aligned}", "{split}")
    try:
        tree = convert_to_element(tex, display=display)
    except Exception as error:  # malformed TeX can make the converter raise anything
        raise NotConverted(type(error).__name__) from error
    return _safe(tree, DEEPEST_FORMULA)


def _drawn(escaped: str, display: str, tag: str) -> str:
    try:
        return f'<{tag} class="math {display}">{mathml(unescape(escaped), display)}</{tag}>'
    except NotConverted:
        return f'<code class="tex">{escaped}</code>'


def _safe(element: Element, depth: int, of_table: bool = False) -> str:
    """Return a rebuilt element. of_table: whether it is next to a table, as in a matrix."""
    if element.tag not in _ELEMENTS or depth == 0:
        raise NotConverted(f"{element.tag} is not known")
    text = unescape(element.text or "")
    if text.startswith("\\") or (text == "&" and element.tag == "mi"):
        raise NotConverted("it has a command that is not known")
    told = dict(element.attrib)
    if text in _BARS and not of_table:
        told.setdefault("stretchy", "false")  # as in TeX, where only \left and \right stretch
    attributes = "".join(
        f' {name}="{value}"'
        for name, value in told.items()
        if name in _ATTRIBUTES and re.fullmatch(_ATTRIBUTES[name], value)
    )
    has_table = any(child.tag == "mtable" for child in element)
    inner = "".join(_safe(child, depth - 1, has_table) for child in element)
    return f"<{element.tag}{attributes}>{escape(text)}{inner}</{element.tag}>"
