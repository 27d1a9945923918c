"""Addresses of buttons: Telegram refuses the whole message for an invalid one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import ADDRESS_MAX, is_button_address
from sandbox.text.entities import normal_url


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org",
        "http://example.org/",
        "HTTPS://Example.Org/how?x=1#y",
        "https://example.org?x",
        "https://example.org#x",
        "https://a-b.c_d.example/x",
        "https://r3---x.example",
        "https://xn--bcher-kva.example/ü",
        "https://xn--e1afmkfd.xn--p1ai",
        "https://example.org:1/x",
        "https://example.org:65535",
        "http://127.0.0.1:8080",
        "https://93.184.216.34/x",
        f"https://{'a' * 63}.example",
    ],
)
def test_addresses_that_telegram_surely_accepts_are_valid(address: str) -> None:
    assert is_button_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.org",
        "//example.org",
        "https:/example.org",
        "https://",
        "https:///x",
        "ftp://example.org",
        "tg://resolve?domain=x",
        "javascript:alert(1)//example.org",
        " https://example.org",
        "https://example.org\n",
        "https://example.org/a b",
        "https://example.org/a\tb",
        "https://example.org/\x00",
        "https://example.org/\u202egpj",
        "https://example.org/\ud800",
    ],
)
def test_anything_but_a_plain_web_address_is_refused(address: str) -> None:
    assert not is_button_address(address)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "router",
        "...",
        ".",
        ".example.org",
        "example.org.",
        "example..org",
        "ex<ample.org",
        "exa%20mple.org",
        "-a.example",
        "a-.example",
        "пример.рф",
        "example。org",
        f"{'a' * 64}.example",
        ".".join(["a" * 60] * 5),
        "me@example.org",
        "me:secret@example.org",
        "example.org\\@evil.example",
        "[::1]",
        "[2606:4700::1111]",
        "[::ffff:1.2.3.4]",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "example.0x7f",
        "example.1",
    ],
)
@pytest.mark.parametrize("rest", ["", "/x", ":80"])
def test_a_host_telegram_may_refuse_is_refused(host: str, rest: str) -> None:
    assert not is_button_address(f"https://{host}{rest}")


@pytest.mark.parametrize("port", ["", "0", "00", "080", "65536", "99999", "123456", "0x", "x", "-1", "+1", "٣", "1:2"])
def test_a_port_is_a_number_from_1_to_65535(port: str) -> None:
    assert not is_button_address(f"https://example.org:{port}")
    assert not is_button_address(f"https://example.org:{port}/how")


@pytest.mark.parametrize(("length", "fits"), [(ADDRESS_MAX, True), (ADDRESS_MAX + 1, False)])
def test_an_address_has_at_most_2048_characters(length: int, fits: bool) -> None:
    assert is_button_address("https://example.org/".ljust(length, "x")) is fits


@given(st.text())
def test_every_valid_address_is_accepted_unchanged_by_the_sandbox(text: str) -> None:
    for address in (
        f"https://{text}",
        f"https://{text}.example/",
        f"https://s.example:{text}",
        f"http://1.2.3.4{text}",
    ):
        if is_button_address(address):
            assert (normal_url(address) or "").rstrip("/") == _with_slash(address).rstrip("/")


def _with_slash(address: str) -> str:
    """Return `address` with the slash Telegram inserts after the host."""
    scheme, _, rest = address.partition("://")
    end = next((at for at, sign in enumerate(rest) if sign in "/?#"), len(rest))
    return address if rest[end : end + 1] == "/" else f"{scheme}://{rest[:end]}/{rest[end:]}"
