"""How far apart the clocks of a machine and of the database may be."""

from datetime import timedelta

#: beyond it the owners are told, and no job begins: a third of a job's lease (schedulers/leases.py, TTL), within which
#: an owner renews it. With clocks further apart another process could take a lease its owner still counts on
APART_MAX = timedelta(seconds=10)


def is_too_far(ahead: timedelta) -> bool:
    """Whether a difference in either direction is too large."""
    return abs(ahead) > APART_MAX


def difference_in_words(ahead: timedelta) -> str:
    """Say how the machine's clock differs; `ahead`: of the database."""
    seconds = abs(ahead).total_seconds()
    return f"this machine's clock is {seconds:.0f} s {'behind' if ahead > timedelta() else 'ahead of'} the database's"
