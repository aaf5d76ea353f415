"""Grading of a whole assignment: attempts, the batch, and writing to nbgrader's gradebook."""
