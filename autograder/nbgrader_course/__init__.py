"""Grading of ordinary nbgrader courses, which were not made with this curriculum."""
