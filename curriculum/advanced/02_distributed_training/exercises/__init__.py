"""Exercises of advanced/02_distributed_training: the assignment's, in its order, then the lesson's.

Cases are drawn so that every misconception gives other results than the reference and than
every other misconception, whatever the seed."""

EXERCISES = [
    "average_gradients",
    "rank_indices",
    "ring_buffers",
    "sharded_step",
    "pipeline",
    "resume_from",
    "train_worker",
    "root_traffic",
    "ring_traffic",
    "ring_seconds",
    "predictions",
]
