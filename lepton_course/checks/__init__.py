"""Check a learner's answers in the notebook and explain what is wrong."""
