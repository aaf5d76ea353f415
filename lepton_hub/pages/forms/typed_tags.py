"""Tags as they are typed."""

from __future__ import annotations


def split_tags(text: str) -> list[str]:
    """Return tags that were typed with commas between them, in small letters, each once."""
    tags = (" ".join(tag.lower().split()) for tag in text.split(","))
    return list(dict.fromkeys(filter(None, tags)))
