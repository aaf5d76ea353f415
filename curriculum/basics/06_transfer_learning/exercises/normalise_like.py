"""Prepare photos for a pretrained backbone: the exercise `normalise_like`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

preparing = exercise(
    "normalise_like",
    title="Normalise as in pretraining",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(fresh=True),
    compare=close(rtol=1e-4, atol=1e-5),
    read="lesson.ipynb#What-goes-wrong:-the-wrong-normalisation",
)


@preparing.reference
def normalise_like(images, mean, std):
    """Return float32 (N, C, H, W): images scaled to 0…1, then normalised channel by channel.

    images: uint8 (N, H, W) grey, or (N, H, W, C). mean, std: lists of C floats, measured on the
    scaled pixels of the pretraining photos. Grey photos are repeated for each channel.
    """
    grey = images.ndim == 3
    scaled = images.astype(np.float32) / 255
    maps = scaled[:, None] if grey else scaled.transpose(0, 3, 1, 2)
    return (maps - _by_channel(mean)) / _by_channel(std)


def _by_channel(values):
    """Values of the channels, as float32 (C, 1, 1)."""
    return np.array(values, dtype=np.float32)[:, None, None]


@preparing.alternative
def with_torch(images, mean, std):
    photos = torch.tensor(images).double().div(255)
    photos = photos if photos.ndim == 4 else torch.stack([photos] * len(mean), dim=-1)
    normal = (photos - torch.tensor(mean)) / torch.tensor(std)
    return normal.permute(0, 3, 1, 2).contiguous().numpy()


@preparing.alternative
def channel_by_channel(images, mean, std):
    planes = []
    for channel, (centre, spread) in enumerate(zip(mean, std, strict=True)):
        plane = images if images.ndim == 3 else images[..., channel]
        planes.append((plane / 255.0 - centre) / spread)
    return np.stack(planes, axis=1)


@preparing.cases
def cases(rng):
    def case(part, shape, channels):
        images = rng.integers(0, 256, size=shape, dtype=np.uint8)
        mean = [float(value) for value in rng.uniform(0.2, 0.6, channels)]
        std = [float(value) for value in rng.uniform(0.15, 0.4, channels)]
        return Case(part, (images, mean, std))

    return [
        case("colour photos", (2, 5, 4, 3), 3),
        case("colour photos", (3, 3, 3, 3), 3),
        case("colour photos", (1, 2, 7, 3), 3),
        case("other numbers of channels", (2, 3, 5, 1), 1),
        case("other numbers of channels", (1, 4, 2, 4), 4),
        case("other numbers of channels", (4, 1, 1, 2), 2),
        case("grey photos", (2, 6, 5), 3),
        case("grey photos", (3, 3, 4), 1),
        case("grey photos", (1, 3, 3), 4),
    ]


def _channels_last(images, channels):
    """Images as float (N, H, W, C), not scaled."""
    photos = images.astype(np.float64)
    return photos if photos.ndim == 4 else np.repeat(photos[..., None], channels, axis=-1)


values = preparing.group("The values")


@values.mistake(
    "You did not scale the pixels: mean and std were measured in 0…1, so divide by 255 first."
)
def pixels_not_scaled(images, mean, std):
    return (_channels_last(images, len(mean)) - mean).transpose(0, 3, 1, 2) / _by_channel(std)


@values.mistake("You only scaled the pixels: subtract the mean and divide by std as well.")
def only_scaled(images, mean, std):
    return _channels_last(images, len(mean)).transpose(0, 3, 1, 2) / 255


@values.mistake("You did not subtract the mean: do so for each channel before dividing by std.")
def mean_forgotten(right, a):
    return right(mean=[0.0] * len(a.mean))


@values.mistake("You did not divide by std: do so for each channel after subtracting its mean.")
def std_forgotten(right, a):
    return right(std=[1.0] * len(a.std))


@values.mistake("You multiplied by std: divide by it.")
def multiplied(right, a):
    return right(std=[1 / value for value in a.std])


@values.mistake(
    "You used the mean and std of these photos: the backbone expects those of its pretraining "
    "photos, which are the arguments."
)
def own_statistics(images, mean, std):
    maps = _channels_last(images, len(mean)).transpose(0, 3, 1, 2) / 255
    centre = maps.mean(axis=(0, 2, 3), keepdims=True)
    return (maps - centre) / (maps.std(axis=(0, 2, 3), keepdims=True) + 1e-6)


@values.mistake("You used the first channel's mean and std for all: each channel has its own.")
def first_channel_for_all(right, a):
    return right(mean=[a.mean[0]] * len(a.mean), std=[a.std[0]] * len(a.std))


@values.mistake(
    "Grey photos got the first channel's mean and std throughout: each channel has its own."
)
def first_channel_for_grey_photos(right, a):
    if a.images.ndim == 4:
        return right()
    return right(mean=[a.mean[0]] * len(a.mean), std=[a.std[0]] * len(a.std))


@values.mistake("You divided by the brightest pixel: divide by 255, whatever the photos hold.")
def divided_by_the_brightest(images, mean, std):
    photos = _channels_last(images, len(mean)) / images.max()
    return ((photos - mean) / std).transpose(0, 3, 1, 2)


@values.mistake("You divided by the square of std, the variance: divide by std itself.")
def divided_by_the_variance(right, a):
    return right() / _by_channel(a.std)


@values.mistake(
    "You divided by std before you subtracted the mean: both were measured on the scaled pixels, "
    "so subtract first."
)
def divided_first(right, a):
    return right(mean=[m * s for m, s in zip(a.mean, a.std, strict=True)])


@values.mistake(
    "You multiplied the mean by 255, but not std: scale the pixels to 0…1 and leave both as given."
)
def only_the_mean_scaled(right, a):
    return 255 * right()


@values.mistake(
    "Grey photos got the mean of all means and of all stds: each of their channels has its own."
)
def averages_for_grey_photos(right, a):
    if a.images.ndim == 4:
        return right()
    channels = len(a.mean)
    return right(mean=[np.mean(a.mean)] * channels, std=[np.mean(a.std)] * channels)


@values.mistake("You reversed the channels: keep their order, in which mean and std are listed.")
def channels_reversed(right, a):
    return right(mean=a.mean[::-1], std=a.std[::-1])[:, ::-1].copy()


layout = preparing.group("The layout")


@layout.mistake(
    "Your channels are still last: PyTorch's convolutions take (N, C, H, W), so move axis 3 to "
    "position 1."
)
def channels_last(right, a):
    return right().transpose(0, 2, 3, 1)


@layout.mistake(
    "You reshaped (N, H, W, C) to (N, C, H, W): reshape keeps the order of the numbers and so "
    "mixes up pixels and channels. Transpose the axes instead."
)
def reshaped(images, mean, std):
    photos = _channels_last(images, len(mean)) / 255
    number, height, width, channels = photos.shape
    return (photos.reshape(number, channels, height, width) - _by_channel(mean)) / _by_channel(std)


@layout.mistake(
    "You normalised, then reshaped (N, H, W, C) to (N, C, H, W): reshape keeps the order of the "
    "numbers and so mixes up pixels and channels. Transpose the axes instead."
)
def reshaped_afterwards(right, a):
    result = right()
    return result.transpose(0, 2, 3, 1).reshape(result.shape)


@layout.mistake(
    "You swapped rows and columns: move only the channels, as transpose(0, 3, 1, 2) does."
)
def rows_and_columns_exchanged(right, a):
    return right().transpose(0, 1, 3, 2)


preparing.hints(
    "Three steps: scale the pixels, move the channels to axis 1, then normalise each channel.",
    "Divide by 255. Grey photos have three axes: add one for the channels. Give mean and std the "
    "shape (C, 1, 1), so that they broadcast over rows and columns.",
    "x = images / 255; x = x[:, None] for grey, else x.transpose(0, 3, 1, 2); then (x - m) / s "
    "with m = np.array(mean)[:, None, None] and s likewise; broadcasting repeats the grey maps.",
)
