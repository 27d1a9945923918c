"""Gift links in the user bot: each pays as often as it says, and a kill between claim and credit loses nothing."""

from datetime import timedelta

from core.gifts.records import Gift, GiftTerms
from database.operations import user_credits, user_ops
from database.operations.people import gift_ops
from tests.bots.user_bot.killed import texts
from tests.house import ALICE, BOB, OLIVE, USER_BOT, House
from user_bot.gifts import OWED_FOR
from views.subscribers import gift_texts

CODE = "G" * 16
LINK = f"https://t.me/{USER_BOT}?start=g_{CODE}"


async def gift(house: House, terms: GiftTerms | None = None) -> Gift:
    made = (terms or GiftTerms(credits=10)).gift(CODE, OLIVE, house.base.clock.now())
    await gift_ops.create(made)
    return made


async def credits_of(user_id: int) -> int:
    user = await user_ops.find(user_id)
    return 0 if user is None else user.credits


async def test_the_first_one_gets_it_once_and_the_next_one_reads_why_not(house: House) -> None:
    await gift(house)
    for person in (house.alice, house.bob, house.alice):
        await person.link(LINK)
        await house.settle()
    assert (await credits_of(ALICE), await credits_of(BOB)) == (10, 0)
    first, second = [text for text in await texts(house) if "gift" in text]
    assert first == "You got 10 credits as a gift.\nYou have 10 credits now."
    assert second.startswith("You have this gift already.")
    assert (await texts(house, BOB))[-1] == gift_texts.taken()


async def test_anyone_gets_a_gift_for_anyone_and_a_pass_grows(house: House) -> None:
    await gift(house, GiftTerms(days=7, is_for_one=False))
    for person in (house.alice, house.bob):
        await person.link(LINK)
    await house.settle()
    for user_id in (ALICE, BOB):
        user = await user_ops.find(user_id)
        assert user is not None and user.pass_until is not None
        assert user.pass_until - house.base.clock.now() > timedelta(days=6, hours=23)


async def test_a_banned_subscriber_gets_nothing_and_takes_nothing_away(house: House) -> None:
    await gift(house)
    await user_ops.ban(ALICE, house.base.clock.now(), reason="spam", until=None)
    await house.alice.link(LINK)
    await house.settle()
    assert "You cannot use this bot" in (await texts(house))[-1]
    await house.bob.link(LINK)
    await house.settle()
    assert (await credits_of(ALICE), await credits_of(BOB)) == (0, 10)


async def test_a_gift_that_is_over_cancelled_or_unknown_says_so(house: House) -> None:
    await house.alice.link(LINK)
    await house.settle()
    made = await gift(house)
    await house.advance(hours=25)
    await house.alice.link(LINK)
    await house.settle()
    await gift_ops.cancel(made.code, house.base.clock.now())
    await house.alice.link(LINK)
    await house.settle()
    assert [text for text in await texts(house) if "gift" in text] == [
        "This gift link does not work. Check that you copied all of it.",
        "This gift is over: its time has passed.",
        "This gift was taken back by its owner.",
    ]
    assert await credits_of(ALICE) == 0


async def test_a_kill_between_claim_and_credit_loses_nothing(house: House) -> None:
    """The first process claimed and died; the second one paid and died before it noted so."""
    made, gifts = await gift(house), house.another_process()["gifts"]
    await house.alice.link(f"https://t.me/{USER_BOT}")
    await house.settle()
    await gift_ops.claim(made, ALICE, house.base.clock.now())
    assert await gifts.pay_owed() == 0, "the process may still be at it"
    await house.advance(seconds=OWED_FOR.total_seconds() + 1)
    await user_credits.grant(ALICE, f"gift {CODE}", house.base.clock.now(), credits=10)
    assert await gifts.pay_owed() == 1
    assert await gifts.pay_owed() == 0
    assert await credits_of(ALICE) == 10
    assert (await texts(house))[-1].startswith("You got 10 credits as a gift.")


async def test_the_update_that_comes_again_pays_what_it_claimed(house: House) -> None:
    made = await gift(house)
    await house.alice.link(f"https://t.me/{USER_BOT}")
    await house.settle()
    await gift_ops.claim(made, ALICE, house.base.clock.now())
    await house.alice.link(LINK)
    await house.settle()
    assert await credits_of(ALICE) == 10
    assert await gift_ops.find_owed(house.base.clock.now() + timedelta(days=1), 9) == []
