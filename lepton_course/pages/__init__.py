"""Render the learner's pages, START.ipynb, PROGRESS.ipynb and SURVEY.ipynb."""
