"""Mutants of an exercise's reference, each of which some case must kill."""
