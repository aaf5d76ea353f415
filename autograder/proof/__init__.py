"""Proof of the course: every notebook executed, every exercise certified, every page well made."""
