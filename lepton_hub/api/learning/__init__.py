"""The API of the survey and of recommendations."""
