"""Run answers in the learner's own kernel, and notice what happens to its cells."""
