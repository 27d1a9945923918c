"""Texts are looked up in the catalogue of the task that asks."""

import asyncio
from gettext import NullTranslations

from views.language import _, ngettext, pgettext, speaking


class Shouting(NullTranslations):
    """A language: English in capitals, with one form for every number."""

    def gettext(self, message: str) -> str:
        return message.upper()

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return msgid2.upper()

    def pgettext(self, context: str, message: str) -> str:
        return f"{message.upper()} ({context})"


def test_without_a_catalogue_people_read_the_source() -> None:
    assert (_("Hi."), ngettext("one", "many", 1), ngettext("one", "many", 2), pgettext("menu", "Post")) == (
        "Hi.",
        "one",
        "many",
        "Post",
    )


def test_a_catalogue_holds_inside_its_block_only() -> None:
    with speaking(Shouting()):
        assert (_("Hi."), ngettext("one", "many", 1), pgettext("menu", "Post")) == ("HI.", "MANY", "POST (menu)")
    assert _("Hi.") == "Hi."


async def test_two_tasks_at_once_read_their_own_languages() -> None:
    both_speak = asyncio.Barrier(2)

    async def greet(catalogue: NullTranslations) -> str:
        with speaking(catalogue):
            await both_speak.wait()
            return _("Hi.")

    assert tuple(await asyncio.gather(greet(Shouting()), greet(NullTranslations()))) == ("HI.", "Hi.")
