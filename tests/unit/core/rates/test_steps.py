"""What a process does after it has read the ledger: it takes only what is free, and trusts old rows by their age."""

from dataclasses import replace
from typing import Any

from core.rates.ledger import Ledger, Member
from core.rates.steps import FORGOTTEN_S, MARGIN_S, RESERVE, Step, Unchanged, next_step

LANES = (0.60, 0.25, 0.15)
PEOPLE, NOTHING = (100, 0, 0), (0, 0, 0)
VALID_S = 4.0


def row(name: str, parts: int, wants: tuple[int, ...] = PEOPLE, age_s: float = 0.0, number: int = 1) -> Member:
    return Member(name, number, parts, wants, VALID_S, age_s)


def step(*rows: Member, use: int | None = None, is_back: bool = False, **unchanged_s: float) -> Step:
    """What the first of the rows does; it uses what it has, or `use`."""
    me = rows[0]
    uses = me.parts if use is None else use
    return next_step(Ledger(1, rows), me.process, uses, LANES, unchanged_s, is_back=is_back)


def facts(found: Step) -> dict[str, Any]:
    return {"use": found.use, "take": found.take}


def test_who_wants_more_takes_only_what_nobody_has() -> None:
    assert facts(step(row("a", 5), row("b", 20))) == {"use": 5, "take": 10}
    assert facts(step(row("a", 5), row("b", 25))) == {"use": 5, "take": None}
    assert facts(step(row("a", 5), row("b", 28))) == {"use": 5, "take": None}


def test_who_has_too_much_uses_less_at_once() -> None:
    assert facts(step(row("b", 25), row("a", 5))) == {"use": 15, "take": None}


def test_a_share_that_is_a_little_too_large_stays() -> None:
    assert step(row("a", 17), row("b", 13)).use == 17
    assert step(row("a", 18), row("b", 12)).use == 15
    # nobody works with it
    assert step(row("a", 2, NOTHING), row("b", 28)).use == 1


def test_a_share_that_is_a_little_too_large_leaves_a_new_process_its_first_part() -> None:
    assert step(row("b", 15), row("a", 15), row("c", 0, (1, 0, 0))).use == 14


def test_shares_that_are_more_than_all_together_become_less() -> None:
    assert step(row("a", 16), row("b", 15)).use == 15


def test_who_was_giving_away_and_wants_it_again_uses_what_it_still_has() -> None:
    assert facts(step(row("a", 22), row("b", 1, NOTHING), use=12)) == {"use": 22, "take": 29}


def test_a_row_counts_half_a_second_longer_than_it_may_be_used() -> None:
    young, old = (row("b", 20, age_s=VALID_S + MARGIN_S + late) for late in (0.0, 0.01))
    assert facts(step(row("a", 10), young)) == {"use": 10, "take": None}
    assert step(row("a", 10), old).take == 30 - RESERVE


def test_one_that_is_lost_keeps_what_it_may_use_without_the_database_for_a_minute() -> None:
    lost = step(row("a", 10), row("b", 20, age_s=VALID_S + 10.0))
    assert (lost.take, lost.cut, lost.gone) == (30 - RESERVE, {"b": RESERVE}, ())
    # it had less
    few = step(row("a", 10), row("b", 1, age_s=VALID_S + 10.0))
    assert (few.take, few.cut, few.gone) == (29, {}, ())
    over = step(row("a", 10), row("b", RESERVE, age_s=VALID_S + FORGOTTEN_S + 0.1))
    assert (over.take, over.cut, over.gone) == (30, {}, ("b",))


def test_one_that_ended_in_order_keeps_the_calls_of_its_last_second_and_no_more() -> None:
    ended = row("b", 20, NOTHING)
    ended = replace(ended, valid_s=1.1, is_last=True, age_s=1.6)
    assert facts(step(row("a", 10), ended)) == {"use": 10, "take": None}
    after = step(row("a", 10), replace(ended, age_s=1.7))
    assert (after.take, after.gone) == (30, ("b",))


def test_one_that_is_lost_and_had_nothing_is_removed_at_once() -> None:
    assert step(row("a", 10), row("b", 0, NOTHING, age_s=VALID_S + 1.0)).gone == ("b",)


def test_a_clock_of_the_database_that_was_put_back_makes_no_row_young_for_ever() -> None:
    """The row was left before; its time lies in the future, and it does not change."""
    assert step(row("a", 10), row("b", 20, age_s=-3600.0), b=VALID_S + 1.0).take == 30 - RESERVE
    assert step(row("a", 10), row("b", 20, age_s=-3600.0), b=1.0).take is None


def test_after_a_silence_nobody_is_lost_and_nobody_uses_more_than_an_equal_share() -> None:
    old = row("b", 1, NOTHING, age_s=VALID_S + FORGOTTEN_S + 1.0)
    assert facts(step(row("a", 28), old, is_back=True)) == {"use": 15, "take": None}
    back = step(row("a", 5), old, is_back=True)
    assert (back.take, back.cut, back.gone) == (15, {}, ())


def test_rows_that_cannot_be_read_are_removed_and_hold_nothing() -> None:
    found = next_step(Ledger(1, (row("a", 10),), None, ("bad",)), "a", 10, LANES, {}, is_back=False)
    assert (found.take, found.gone) == (30, ("bad",))


def test_a_row_of_another_version_may_have_other_lanes() -> None:
    assert step(row("a", 1), row("b", 1, ())).take == 29
    assert step(row("a", 1), row("b", 1, (0, 0, 0, 9))).take == 29


def test_a_row_has_been_as_it_is_since_it_was_first_seen_so() -> None:
    seen = Unchanged()
    assert seen.since_s(Ledger(1, (row("a", 1, number=1), row("b", 1, number=7))), 100.0) == {"a": 0.0, "b": 0.0}
    assert seen.since_s(Ledger(2, (row("a", 1, number=2), row("b", 1, number=7))), 103.0) == {"a": 0.0, "b": 3.0}
    assert seen.since_s(Ledger(3, (row("a", 1, number=3),)), 104.0) == {"a": 0.0}
    assert seen.since_s(Ledger(4, (row("b", 1, number=7),)), 109.0) == {"b": 0.0}
