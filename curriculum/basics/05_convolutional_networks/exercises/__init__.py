"""Exercises of basics/05_convolutional_networks: the assignment's, then the lesson's."""

EXERCISES = [
    "max_pool2d",
    "convolve2d",
    "convolution_gradients",
    "small_cnn",
    "augment",
    "train_epoch",
    "predict",
    "lesson",
    "predictions",
]
