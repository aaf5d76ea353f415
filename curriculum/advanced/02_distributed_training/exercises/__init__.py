"""Exercises of advanced/02_distributed_training: the assignment's, in its order, then the lesson's.

Cases are drawn so that every misconception gives other results than the reference and than
every other misconception, whatever the seed.
"""

from . import (
    average_gradients,
    pipeline,
    predictions,
    rank_indices,
    resume_from,
    ring_buffers,
    ring_seconds,
    ring_traffic,
    root_traffic,
    sharded_step,
    train_workers,
)

EXERCISES = [
    average_gradients.EXERCISE,
    rank_indices.EXERCISE,
    ring_buffers.EXERCISE,
    sharded_step.EXERCISE,
    pipeline.EXERCISE,
    resume_from.EXERCISE,
    train_workers.EXERCISE,
    root_traffic.EXERCISE,
    ring_traffic.EXERCISE,
    ring_seconds.EXERCISE,
    *predictions.EXERCISES,
]
