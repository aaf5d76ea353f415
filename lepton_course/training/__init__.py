"""Train models: mini-batches, the training loop and its checkpoints."""
