"""The form in which exercises are written down: decorators, predictions, and their marks."""
