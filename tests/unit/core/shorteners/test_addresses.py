"""What an owner pastes as the API address."""

import pytest

from core.shorteners.addresses import PastedAddress, holds_secret, is_api_url, name_for, read_api_url

KEY = "3f9a1c0b7d2e48569a0b1c2d3e4f5a6b7c8d9e0f"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://short.example/api", PastedAddress("https://short.example/api")),
        ("  short.example/api \n", PastedAddress("https://short.example/api")),
        ("http://short.example:8080/api", PastedAddress("http://short.example:8080/api")),
        ("https://short.example/api?format=json&url=x", PastedAddress("https://short.example/api?format=json")),
        (
            "https://short.example/create?token={key}&link={url}",
            PastedAddress("https://short.example/create?token={key}&link={url}"),
        ),
    ],
)
def test_an_address_is_read(text: str, found: PastedAddress) -> None:
    assert read_api_url(text) == found


def test_the_key_in_a_pasted_address_is_taken_out() -> None:
    text = f"https://short.example/api?api={KEY}&url=https://example.org/yourlink&format=text"

    found = read_api_url(text)

    assert found == PastedAddress("https://short.example/api?format=text", KEY)
    assert KEY not in repr(found)


@pytest.mark.parametrize("text", [f"https://short.example/api?token={KEY}", f"https://short.example/{KEY}/api"])
def test_an_address_with_a_key_elsewhere_is_refused_because_it_would_be_stored_readable(text: str) -> None:
    assert read_api_url(text) is None
    assert holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "ftp://short.example/api",
        "https://olive:pass@short.example/api",
        "https://short.example/api#top",
        "https://short.example:0/api",
        "https://short.example:99999/api",
        "https://short.example/a b",
        "https://short.example/{key}",
        "https://{url}.example/{key}",
        "https://короткая.example/api",
        "https://localhost/api",
        "https://short.example/" + "a" * 2048,
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_api_url(text) is None


def test_a_host_without_a_dot_is_an_address_only_in_the_environment() -> None:
    assert is_api_url("http://shortener:8080/api")
    assert read_api_url("http://shortener:8080/api") is None


@pytest.mark.parametrize(
    ("api_url", "name"),
    [
        ("https://gplinks.in/api", "gplinks"),
        ("https://api.gplinks.com/api", "gplinks"),
        ("https://www.short.example/api", "short"),
        ("https://api.example/", "api"),
        ("http://203.0.113.9/api", "203.0.113.9"),
        (f"https://{'a' * 60}.example/", "a" * 24),
    ],
)
def test_the_name_comes_from_the_host(api_url: str, name: str) -> None:
    assert name_for(api_url, ()) == name


def test_a_taken_name_gets_a_number() -> None:
    assert name_for("https://gplinks.in/api", {"gplinks", "gplinks 2"}) == "gplinks 3"
