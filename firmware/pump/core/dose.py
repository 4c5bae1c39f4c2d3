"""Doses from volumes."""

from pump.core.ratio import ratio


def dose_ng(
    volume_nl: tuple[int, int], concentration_mcg_per_ml: tuple[int, int]
) -> tuple[int, int]:
    """The drug in a volume, a ratio of nanograms: 1000 nL at 1 mcg/mL hold 1 ng."""
    concentration = concentration_mcg_per_ml
    return ratio(volume_nl[0] * concentration[0], volume_nl[1] * concentration[1] * 1000)
