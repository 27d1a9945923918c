"""/me through the product: what will be deleted, by title, and when."""

from database.operations import post_ops
from tests.house import USER_BOT, House


async def test_me_names_each_post_and_its_time_soonest_first(house: House) -> None:
    rome = await house.store(title="\u202eRome <b>", delete_after_minutes=60)
    nameless = await house.store(title="", delete_after_minutes=30)
    kept = await house.store(title="Kept", delete_after_minutes=0)
    for post in (rome, nameless, kept):
        await house.alice.link(house.link(post))
        await house.settle()
    await post_ops.remove(rome.code)

    await house.alice.text(USER_BOT, "/me")
    seen = await house.alice.wait(USER_BOT, contains="To be deleted")
    name, head, *lines = str(seen["messages"][-1]["text"]).splitlines()
    assert (name, head) == ("\u2068Alice\u2069", "To be deleted:")
    assert [line.partition(": at ")[0] for line in lines] == ["• A post", "• \u2068Rome <b>\u2069"]
    assert [line.rpartition(", in ")[2] for line in lines] == ["30 minutes", "1 hour"]


async def test_me_without_open_deliveries_says_so(house: House) -> None:
    await house.alice.text(USER_BOT, "/me")
    seen = await house.alice.wait(USER_BOT, contains="No delivery is waiting")
    assert seen["messages"][-1]["text"].count("\n") == 1
