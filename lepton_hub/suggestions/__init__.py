"""Tags and categories suggested from a text, by what similar texts have; each says why."""
