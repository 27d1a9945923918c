"""How far those came who tried to get a post, in one line."""

from core.statistics import Count
from core.statistics.periods import Figures
from views.language import _

#: the counters of the steps, in order
_STEPS = (Count.TRIES, Count.JOINED, Count.UNLOCKED, Count.DELIVERED)


def tries(figures: Figures) -> str:
    """Return the steps of the tries, each a part of the one before it."""
    if not figures.of(Count.TRIES):
        return _("No tries")
    fields = {count.value: f"{figures.of(count):,}" for count in _STEPS}
    share = f"{100 * figures.delivered_share:.0f}"
    return _("Tries {tries} → joined {joined} → unlocked {unlocked} → delivered {delivered} ({share} %)").format(
        **fields, share=share
    )
