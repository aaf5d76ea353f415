"""Suggest tags and categories for a text from those of similar texts, with reasons."""
