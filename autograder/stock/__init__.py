"""Grades an ordinary nbgrader course, whose tests are cells with `assert`."""
