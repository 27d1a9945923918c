"""What opening a section costs: one answer, one edit, and at most three commands to the database."""

from collections import Counter
from datetime import timedelta

import pytest
from aiogram.methods import AnswerCallbackQuery, EditMessageText

from core.subscriptions import Channel
from database.operations import channel_ops
from schedulers.registry import JOB_NAMES
from tests.bots.admin_bot.conftest import AdminBot
from views.navigation import Section, data_of

#: reads kept for five seconds, whichever screen is open: settings, first hour, team, shorteners, incidents, channels
SHARED = {"admin_config", "admins", "shorteners", "incidents", "channels"}
#: a picker and a link that works once are messages of their own
OF_THEIR_OWN = {Section.STORAGE, Section.WEB_PAGE}
#: screens that cost more: live counts of five collections, three counts of subscribers, and the last run of each job
MORE = {Section.SUBSCRIBERS: 4, Section.STATISTICS: 7, Section.JOBS: 1 + len(JOB_NAMES)}


@pytest.mark.parametrize("section", [section for section in Section if section not in OF_THEIR_OWN])
async def test_a_section_costs_one_edit_and_at_most_three_commands(admin: AdminBot, section: Section) -> None:
    for number in range(3):
        await admin.say(f"post {number}")
        await channel_ops.add(Channel(chat_id=-100 - number, title=f"Channel {number}", invite_link="https://t.me/+x"))
        await channel_ops.switch_publishing(-100 - number, is_on=True)
    await admin.say("/menu")
    shown = list(admin.world.screens)[-1]
    admin.clock.move(timedelta(minutes=1))
    calls, commands = len(admin.world.calls), Counter[str]()
    admin.database.before_call = lambda operation, collection: commands.update([f"{operation} {collection}"])
    await admin.callback(data_of(section), message_id=shown)
    admin.database.before_call = None
    assert [type(call) for call in admin.world.calls[calls:]] == [AnswerCallbackQuery, EditMessageText]
    own = Counter({name: count for name, count in commands.items() if name.split()[1] not in SHARED})
    assert own.total() <= MORE.get(section, 3), own
