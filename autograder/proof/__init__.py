"""Proof of the curriculum: notebooks executed, exercises certified, structure checked."""
