"""Judging of one submission: its course and assignment, verdicts, points, cached results."""
