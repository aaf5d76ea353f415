"""The knowledge graph: how people, items and terms are linked, as far as the viewer may see."""
