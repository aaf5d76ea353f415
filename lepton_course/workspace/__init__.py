"""Make and update the learner's workspace."""
