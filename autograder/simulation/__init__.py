"""Simulated learners, for the demo and for rehearsing a class."""
