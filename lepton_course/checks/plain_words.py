"""Explain frequent error messages of the frameworks to readers who meet them for the first time."""

from __future__ import annotations

_MEANINGS = (
    (
        "a leaf Variable that requires grad is being used in an in-place operation",
        "an update step must not be recorded for gradients: do it inside `with torch.no_grad():`",
    ),
    (
        "'float' and 'NoneType'",
        "something is None here; a `.grad` is, before backward() and after w = w - …, which "
        "makes a new tensor: change w in place, inside `with torch.no_grad():`",
    ),
    (
        "element 0 of tensors does not require grad",
        "nothing that leads to this number has requires_grad=True, or .item(), .detach() or "
        "NumPy has cut it off",
    ),
    (
        "'torch.return_types.m",
        "min and max with dim= give values and positions; amin and amax give the values alone",
    ),
    (
        "mean(): could not infer output dtype",
        "True and False have no mean in torch: turn them into numbers with .float() first",
    ),
    (
        "must have the same dtype",
        "Float is float32 and Double float64: bring both to one type, with .float() or .double()",
    ),
    (
        "must match the size of tensor",
        "the shapes do not broadcast: print both, and write them under each other, flush right",
    ),
    (
        "operands could not be broadcast together",
        "these shapes do not broadcast: write them under each other, flush right",
    ),
)


def in_plain_words(message: str) -> str:
    """Return what an exception's message means, or "" where that is not known."""
    return next((meaning for fragment, meaning in _MEANINGS if fragment in message), "")
