"""The sandbox: Linux isolation and resource limits around a learner's processes."""
