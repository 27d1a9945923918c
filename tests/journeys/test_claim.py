"""A start without owners prints a link: its token reaches no log, and who opens it is the owner from then on."""

import re
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from database.connection import close_database, open_database
from database.secret_file import OWNERS
from monitoring import logs
from runtime.lifecycle import CannotStart
from runtime.team import claim_notice, team_of
from tests.house import ADMIN_BOT, ALICE, OLIVE, running_house, settings_for

LINK = re.compile(r"No owner yet\. Open within 24 h: (https://t\.me/house_admin_bot\?start=own_\w{32})\n")


def test_the_token_of_a_claim_link_is_masked_in_logs() -> None:
    link = f"https://t.me/owner_bot?start=own_{'a1' * 16}"
    assert logs.mask(f"update {{'text': '/start own_{'a1' * 16}'}} {link}") == (
        "update {'text': '/start own_***'} https://t.me/owner_bot?start=own_***"
    )


async def test_a_start_without_owners_prints_a_link_that_makes_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    async with running_house(timers=False, ADMIN_IDS=(), STORAGE_CHANNEL_ID=None) as house:
        printed = capsys.readouterr().out
        (link,) = LINK.findall(printed)
        token = link.rpartition("own_")[2]
        assert printed.count(token) == 1
        await house.olive.link(link)
        seen = await house.olive.wait(ADMIN_BOT, contains="these two bots are yours. First: where posts are kept.")
        assert "Welcome, " in seen["messages"][-1]["text"]
        await house.alice.link(link)
        await house.alice.wait(ADMIN_BOT, contains="These bots have an owner already")
        assert await house.base.team.owner_ids() == (OLIVE,)
        # alerts reach the new owner without a restart
        assert await house.base.alerts.raise_once("test", lambda: "Something is wrong.")
        await house.olive.wait(ADMIN_BOT, contains="Something is wrong.")
        commands = await house.world.calls(method="setMyCommands", bot=ADMIN_BOT)
        scopes = [call["params"].get("scope", "") for call in commands]
        # a list for everybody in each language of the team, and hers
        assert len(commands) == 3 and str(OLIVE) in str(scopes[-1]) and str(ALICE) not in str(scopes)
        assert token not in capsys.readouterr().out


async def test_with_an_owner_no_link_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    async with running_house(timers=False) as house:
        assert "No owner yet" not in capsys.readouterr().out
        # with owners in the configuration no key is needed
        assert not (house.base.settings.DATA_DIR / OWNERS).exists()


async def test_a_claimed_owner_is_one_after_a_restart_and_with_a_lost_data_dir_a_new_link_is_made(
    tmp_path: Path,
) -> None:
    clock = SystemClock()

    def settings(folder: str) -> Any:
        return settings_for("http://127.0.0.1:9", ADMIN_IDS=(), DATA_DIR=tmp_path / folder)

    await open_database("memory://", "test")
    try:
        first = team_of(settings("data"), clock)
        notice = await claim_notice(settings("data"), first, "owner_bot", clock)
        assert notice is not None and notice.startswith(
            "No owner yet. Open within 24 h: https://t.me/owner_bot?start=own_"
        )
        await first.claim(OLIVE, notice.rpartition("own_")[2])
        again = team_of(settings("data"), clock)
        assert await again.owner_ids() == (OLIVE,)
        assert await claim_notice(settings("data"), again, "owner_bot", clock) is None
        lost = team_of(settings("lost"), clock)
        assert await lost.owner_ids() == ()
        assert await claim_notice(settings("lost"), lost, "owner_bot", clock) is not None
    finally:
        await close_database()


def test_a_data_dir_that_cannot_be_written_stops_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match=r"^DATA_DIR: .*cannot be read or made") as problem:
        team_of(settings_for("http://127.0.0.1:9", ADMIN_IDS=(), DATA_DIR=tmp_path / "file"), SystemClock())
    assert problem.value.status == 2
