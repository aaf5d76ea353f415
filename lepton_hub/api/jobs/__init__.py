"""The compute pool's API: submit, inspect and cancel jobs."""
