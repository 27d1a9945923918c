"""What the screens of a subscriber cost: commands to the database, and one edit in Telegram."""

from collections import Counter
from datetime import timedelta

from aiogram.methods import AnswerCallbackQuery, EditMessageText

from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.people.test_people import ANN, upsert_visitor
from tests.bots.admin_bot.test_screen_costs import SHARED

#: by the callback data: commands besides reads that every screen shares
COSTS = {
    # everybody, those who never started, and how many cannot be reached, are counted once in ten seconds
    "pl:0:a:": 4,
    "pl:1:b:": 1,
    # the person; posts they got, channels they joined
    f"au:s:{ANN}:0:0:a:": 2,
    f"au:c:{ANN}:0:0:a:": 1,
    # the grant, and the audit log
    f"au:g:{ANN}:10:0:a:": 2,
    # a pass is read and changed
    f"au:d:{ANN}:7:0:a:": 3,
    f"au:pe:{ANN}:0:0:a:": 3,
    # the person; deliveries, unlocks of both kinds, actions, gifts
    f"au:h:{ANN}:0:0:a:": 6,
    f"au:b:{ANN}:0:0:a:": 1,
    f"au:bn:{ANN}:7:0:a:": 5,
    f"gd:m:10:0:1:24:{'A' * 16}": 2,
}


async def test_each_screen_costs_what_is_written_here(admin: AdminBot) -> None:
    await upsert_visitor(admin, first_name="Ann")
    await admin.say("/subscribers")
    shown = list(admin.world.screens)[-1]
    found: dict[str, int] = {}
    admin.clock.move(timedelta(minutes=1))
    for data in COSTS:
        calls, commands = len(admin.world.calls), Counter[str]()
        admin.database.before_call = lambda operation, collection, seen=commands: seen.update([collection])
        await admin.callback(data, message_id=shown)
        admin.database.before_call = None
        found[data] = sum(count for name, count in commands.items() if name not in SHARED)
        assert [type(call) for call in admin.world.calls[calls:]] == [AnswerCallbackQuery, EditMessageText], data
    assert found == COSTS
