"""Render the learner's pages, START.ipynb and PROGRESS.ipynb."""
