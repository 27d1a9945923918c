"""Which messages are taken for secrets: on both sides of the rule."""

import pytest

from core.shorteners.keys import is_key, looks_like_secret

HEX = "3f9a1c0b7d2e48569a0b1c2d3e4f5a6b7c8d9e0f"
#: of no bot; put together here, so that a scanner for secrets does not take it for one
TOKEN = ":".join(("123456789", "AAF-abcdefghijklmnopqrstuvwxyz01234"))


@pytest.mark.parametrize(
    "text",
    [
        HEX,
        f"  {HEX}\n",
        "a1" * 10,
        "6f1b0c9e-8f43-4c1a-9d57-2b8a3f0e4c11",
        TOKEN,
        f"Use this token to access the HTTP API:\n{TOKEN}\nKeep your token secure",
    ],
)
def test_keys_and_bot_tokens_are_secrets(text: str) -> None:
    assert looks_like_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "thanks!",
        "Rindfleischetikettierungsgesetz",
        "12345678901234567890",
        ("a1" * 10)[:-1],
        "Spring album 2024",
        f"key {HEX}",
        f"https://short.example/{HEX}",
        "https://t.me/shop_bot?start=p_AbCd1234EfGh5678",
        "AbCd1234EfGh5678",
        "ABCD-1234-EFGH-5678",
        "12:30",
        "",
    ],
)
def test_words_links_and_codes_are_none(text: str) -> None:
    assert not looks_like_secret(text)


def test_a_known_key_is_a_secret_whatever_its_shape() -> None:
    assert looks_like_secret("my-old-key", ["my-old-key"])
    assert not looks_like_secret("my-old-key", ["another-key"])


def test_a_known_key_is_found_inside_a_text_from_sixteen_characters_on() -> None:
    assert looks_like_secret("it is abcdefghijklmnop, thanks", ["abcdefghijklmnop"])
    assert not looks_like_secret("it is abcdefghijklmno, thanks", ["abcdefghijklmno"])


@pytest.mark.parametrize(("text", "is_one"), [("a" * 7, False), ("a" * 8, True), ("a" * 512, True), ("a" * 513, False)])
def test_a_key_has_8_to_512_characters(text: str, is_one: bool) -> None:
    assert is_key(text) is is_one


@pytest.mark.parametrize("text", ["key with space", "ключключключ", "line\nbreak8", ""])
def test_a_key_is_visible_ascii(text: str) -> None:
    assert not is_key(text)
