"""The limit of open files is raised as far as it may be, or named."""

import resource

import pytest

from runtime.descriptors import FEW, WANTED, raise_limit

INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "after", "is_named"),
    [
        ((1024, 524_288), (WANTED, 524_288), False),
        ((1024, 8192), (8192, 8192), False),
        ((1024, 1024), (1024, 1024), True),
        ((256, FEW - 1), (FEW - 1, FEW - 1), True),
        ((1024, INFINITE), (WANTED, INFINITE), False),
        ((INFINITE, INFINITE), (INFINITE, INFINITE), False),
        ((1_000_000, 1_000_000), (1_000_000, 1_000_000), False),
    ],
)
def test_the_limit_is_raised_and_never_lowered(
    before: tuple[int, int], after: tuple[int, int], is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [before]
    monkeypatch.setattr(resource, "getrlimit", lambda _: now[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: now.append(limits))
    assert (raise_limit() is not None, now[-1]) == (is_named, after)
