"""Routes of the knowledge base and of search."""
