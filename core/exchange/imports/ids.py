"""Ids that were seen, in 8 to 32 bytes each: a set of Python's numbers takes some 70."""

from array import array

#: slots at the beginning, a power of two
_FIRST = 1024


class SeenIds:
    """A set of positive ids that only grows."""

    def __init__(self) -> None:
        self._slots = array("q", bytes(8 * _FIRST))
        self._count = 0

    def add(self, one: int) -> bool:
        """Add an id; False when it was there."""
        if 2 * self._count >= len(self._slots):
            self._grow()
        if not _put(self._slots, one):
            return False
        self._count += 1
        return True

    def _grow(self) -> None:
        larger = array("q", bytes(16 * len(self._slots)))
        for one in self._slots:
            if one:
                _put(larger, one)
        self._slots = larger


def _put(slots: "array[int]", one: int) -> bool:
    """Put an id into the first free slot behind its own; False when it is there. 0 is a free slot."""
    last = len(slots) - 1
    # ids of one file are close to each other: the factor (Knuth's) spreads them
    place = (one * 0x9E3779B97F4A7C15 >> 29) & last
    while (there := slots[place]) != one:
        if not there:
            slots[place] = one
            return True
        place = (place + 1) & last
    return False
