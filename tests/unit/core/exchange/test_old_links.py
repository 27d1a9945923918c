"""What old links open: every alphabet and padding, both limits, foreign channels, whatever people send."""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.exchange.old_links import OldMessages, OtherBotsLink, old_link_code, parse_old_link, read_link
from core.ids import is_code
from core.payloads import PAYLOAD_MAX, gift_payload, post_payload, token_payload

CHANNEL = -1001234567890
NUMBER = abs(CHANNEL)
IDS = st.integers(1, 2**31 - 1)


def forms(text: str | bytes) -> list[str]:
    """Return a parameter in both alphabets, with and without padding."""
    data = text.encode() if isinstance(text, str) else text
    found = [encode(data).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]
    return [*found, *(one.rstrip("=") for one in found)]


def opened(text: str | bytes) -> OldMessages | OtherBotsLink | None:
    """Return what every form of a parameter opens, which has to be the same."""
    found = {parse_old_link(form, CHANNEL) for form in forms(text)}
    assert len(found) == 1
    return found.pop()


@given(IDS)
def test_one_message_in_every_form(message_id: int) -> None:
    assert opened(f"get-{message_id * NUMBER}") == OldMessages(message_id, message_id)
    assert opened(f"file_{message_id}") == OldMessages(message_id, message_id)
    assert opened(f"filep_{message_id}") == OldMessages(message_id, message_id, restricts_saving=True)


@given(IDS, IDS)
@example(1, 100)
def test_a_span_in_either_direction(one: int, other: int) -> None:
    found = opened(f"get-{one * NUMBER}-{other * NUMBER}")
    assert found == opened(f"get-{other * NUMBER}-{one * NUMBER}") == OldMessages(min(one, other), max(one, other))


@pytest.mark.parametrize(("last", "is_too_many"), [(219, False), (220, True)])
def test_a_post_has_at_most_100_messages(last: int, is_too_many: bool) -> None:
    for first_named, last_named in ((120, last), (last, 120)):
        found = opened(f"get-{first_named * NUMBER}-{last_named * NUMBER}")
        assert isinstance(found, OldMessages)
        assert found.is_too_many is is_too_many
        assert len(found.message_ids) == found.count


@given(st.integers(0, 10**31))
def test_a_number_that_is_no_multiple_is_of_a_foreign_channel(number: int) -> None:
    found = opened(f"get-{number}")
    if number % NUMBER or not 1 <= number // NUMBER < 2**31:
        assert found == OtherBotsLink()
    else:
        assert found == OldMessages(number // NUMBER, number // NUMBER)


@pytest.mark.parametrize("text", ["get-{n}-{m}", "get-{m}-{n}"])
def test_a_span_with_one_end_in_a_foreign_channel_opens_nothing(text: str) -> None:
    assert opened(text.format(n=5 * NUMBER, m=5 * NUMBER + 1)) == OtherBotsLink()


@pytest.mark.parametrize(
    "text",
    [
        "file_0",
        f"file_{2**31}",
        "file_AgADBAADqbcxG",
        "filep_",
        "get-0",
        "get--5",
        "get-5-",
        "get-٥",
        f"get-{NUMBER}-",
        f"get-{NUMBER} ",
        f"get-{NUMBER}\n",
        "BATCH-AgADBAADqbcxG",
        json.dumps({"file_id": 1}),
        "[1, 2]",
        bytes(range(130, 150)),
        b"\x00" * 24,
        b"\xff\xfe\xfb" * 8,
    ],
)
def test_what_only_another_bot_can_open_is_known_as_that(text: str | bytes) -> None:
    assert opened(text) == OtherBotsLink()


@pytest.mark.parametrize("text", ["BATCH-BQADAQAD", "file_BQADAQADqbcxG", "filep_5", "DSTORE-x"])
def test_a_plain_link_of_another_bot_is_known_as_well(text: str) -> None:
    assert parse_old_link(text, CHANNEL) == OtherBotsLink()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "hello",
        "a b",
        "start",
        "newtoken",
        "%00",
        "\ud800",
        "Zg",
        base64.b64encode(bytes(range(130, 149))).decode(),
        base64.b64encode(b"x" * 40).decode(),
        post_payload("c" * 16, "x" * 24)[:-1],
        token_payload("t" * 32)[:-1],
        gift_payload("c" * 16)[:-1],
        "p_" + "x" * 60,
    ],
)
def test_damaged_links_of_our_own_and_mere_words_are_no_links_of_another_bot(text: str) -> None:
    assert parse_old_link(text, CHANNEL) is None


@given(st.text(max_size=PAYLOAD_MAX), st.integers(-(2**52), -1))
def test_no_text_makes_reading_raise(text: str, channel_id: int) -> None:
    found = parse_old_link(text, channel_id)
    if isinstance(found, OldMessages):
        assert 1 <= found.first <= found.last < 2**31


def test_the_same_messages_have_one_code_and_others_another() -> None:
    one = old_link_code(CHANNEL, OldMessages(5, 9))
    assert is_code(one)
    assert one == old_link_code(CHANNEL, OldMessages(5, 9))
    others = [OldMessages(5, 8), OldMessages(4, 9), OldMessages(5, 9, restricts_saving=True)]
    codes = {old_link_code(CHANNEL, other) for other in others} | {old_link_code(CHANNEL - 1, OldMessages(5, 9))}
    assert one not in codes and len(codes) == 4


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://t.me/old_bot?start=Z2V0LTU", ("old_bot", "Z2V0LTU")),
        ("look: t.me/old_bot?start=Z2V0LTU%3D&x=1 here", ("old_bot", "Z2V0LTU=")),
        ("tg://resolve?domain=old_bot&start=Z2V0LTU", ("old_bot", "Z2V0LTU")),
        ("https://telegram.me/old_bot?start=a_b-c", ("old_bot", "a_b-c")),
        ("Z2V0LTU", None),
        ("https://t.me/old_bot", None),
        ("", None),
    ],
)
def test_a_link_is_found_in_what_people_send(text: str, found: tuple[str, str] | None) -> None:
    assert read_link(text) == found
