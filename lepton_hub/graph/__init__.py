"""The knowledge graph: who and what on the hub has to do with what, as far as the asker may see."""
