"""Ask whether a day's newest counts, one from each station, differ from those of other days."""

import numpy as np
from scipy.stats import ks_2samp


def rings(values: np.ndarray, reference: np.ndarray, alpha: float = 0.001) -> bool:
    """Return whether a Kolmogorov–Smirnov test tells the values from the reference."""
    return bool(ks_2samp(values, np.ravel(reference), method="asymp").pvalue < alpha)


def alike_days(kinds: np.ndarray, i: int, number: int = 8) -> list[int]:
    """Return the newest rows before row i with its weekday whose newest count was ordinary."""
    return [j for j in range(i - 7, 0, -7) if kinds[j] == "ordinary"][:number]


def ratios(traffic: np.ndarray, kinds: np.ndarray, i: int) -> np.ndarray:
    """Return the logarithms (S,) of a day's counts over each station's last four alike."""
    return np.log(traffic[i] / traffic[alike_days(kinds, i, 4)].mean(axis=0))


def deviations_away(today: np.ndarray, others: list[np.ndarray]) -> float:
    """Return how many standard deviations today's median ratio lies from other days' medians."""
    medians = np.array([np.median(values) for values in others])
    spread = 1.48 * np.median(np.abs(medians - np.median(medians)))
    return abs(np.median(today) - np.median(medians)) / max(spread, 0.03)


def known_ratios(
    traffic: np.ndarray, kinds: np.ndarray, first: int, last: int
) -> dict[int, np.ndarray]:
    """Return the ratios of each ordinary day in a range of rows, by row."""
    return {i: ratios(traffic, kinds, i) for i in range(first, last) if kinds[i] == "ordinary"}


def three_alarms(
    traffic: np.ndarray, kinds: np.ndarray, known: dict[int, np.ndarray], i: int
) -> tuple[bool, bool, bool]:
    """Return whether each alarm rings on day i: counts, ratios one by one, the day's median."""
    alike = alike_days(kinds, i)
    twelve = [known[j] for j in alike_days(kinds, i, 12)]
    by_count = rings(traffic[i], traffic[alike])
    by_ratio = rings(known[i], np.array([known[j] for j in alike]))
    return by_count, by_ratio, deviations_away(known[i], twelve) > 5
