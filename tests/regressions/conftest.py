"""The house to stand in."""

from tests.house import house, ticking_house

__all__ = ["house", "ticking_house"]
