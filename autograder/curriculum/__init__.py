"""The curriculum's modules: finding them, their plans, content keys, and the build for learners."""
