"""Fixtures that start the whole product against the sandbox."""

from tests.house import house, ticking_house

__all__ = ["house", "ticking_house"]
