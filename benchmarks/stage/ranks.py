"""Ranks: whether two sets of times differ, and by how much.

Nothing is assumed of how the times are spread, as they never are as the
usual tests want them: a few of a server's answers take very long.
"""

import math
import statistics
from collections.abc import Sequence
from itertools import groupby

# As many standard errors hold 95 of 100 samples.
Z = 1.959964


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """Say how likely two such samples are if nothing differs.

    The test of Mann and Whitney, two-sided, by the normal approximation
    with corrections for ties and for continuity; good from about twenty
    values each.

    Returns:
        The p-value.

    Source: Mann and Whitney 1947; Lehmann, Nonparametrics, 1.4.
    """
    m, n = len(one), len(other)
    tagged = sorted([(v, True) for v in one] + [(v, False) for v in other])
    before, rank_sum, ties = 0, 0.0, 0
    for _, group in groupby(tagged, key=lambda pair: pair[0]):
        equal = [*group]
        middle = before + (len(equal) + 1) / 2
        rank_sum += middle * sum(is_one for _, is_one in equal)
        ties += len(equal) ** 3 - len(equal)
        before += len(equal)
    all_ = m + n
    spread = m * n / 12 * (all_ + 1 - ties / (all_ * (all_ - 1)))
    if spread <= 0:
        return 1.0
    off = abs(rank_sum - m * (m + 1) / 2 - m * n / 2)
    z = max(0.0, off - 0.5) / math.sqrt(spread)
    return math.erfc(z / math.sqrt(2))


def shift(
    one: Sequence[float], other: Sequence[float]
) -> tuple[float, float, float]:
    """Say by how much the second sample is larger, and within what bounds.

    Returns:
        The median of all differences, and the ends of the interval that
        holds the true one in 95 of 100 measurements.

    Source: Hodges and Lehmann 1963.
    """
    m, n = len(one), len(other)
    gaps = sorted(b - a for a in one for b in other)
    reach = Z * math.sqrt(m * n * (m + n + 1) / 12)
    low = max(0, math.floor(m * n / 2 - reach))
    return statistics.median(gaps), gaps[low], gaps[len(gaps) - 1 - low]


def holm(chances: Sequence[float]) -> list[float]:
    """Raise the p-values of several tests, so that all can be believed.

    Of twenty tests of nothing, one has a p-value below 0.05 by chance.

    Source: Holm 1979.
    """
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    raised, highest = [0.0] * len(chances), 0.0
    for place, index in enumerate(order):
        one = min(1.0, chances[index] * (len(chances) - place))
        raised[index] = highest = max(highest, one)
    return raised
