"""Parse typed tags."""

from __future__ import annotations


def split_tags(text: str) -> list[str]:
    """Return comma-separated tags, lowercased and without duplicates."""
    tags = (" ".join(tag.lower().split()) for tag in text.split(","))
    return list(dict.fromkeys(filter(None, tags)))
