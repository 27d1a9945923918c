"""Which links of providers are accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.addresses import ADDRESS_MAX
from shorteners.failures import FailureKind, ShortenerError
from shorteners.links import check_link, is_public
from shorteners.providers import Provider
from tests.unit.shorteners.local import DESTINATION

KEY = "AbCd/1234+56&78"
ANY = Provider("any", "https://api.example/api", SecretStr(KEY))
OWN = Provider("own", "https://api.example/api", SecretStr(KEY), hosts=("S.example", "www.s.example"))


def complaint(link: str, provider: Provider = ANY) -> FailureKind:
    with pytest.raises(ShortenerError) as caught:
        check_link(link, provider, DESTINATION)
    return caught.value.kind


@pytest.mark.parametrize(
    ("link", "canonical"),
    [
        ("https://s.example/aB3", "https://s.example/aB3"),
        ("http://s.example", "http://s.example"),
        ("HTTPS://S.Example/x?y=1#z", "https://s.example/x?y=1#z"),
        ("https://s.example:8443/x", "https://s.example:8443/x"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ('https://s.example/a"b', "https://s.example/a%22b"),
        ("https://93.184.216.34/x", "https://93.184.216.34/x"),
        # a dot at the end is removed: Telegram may refuse it in a button
        ("https://s.example./x", "https://s.example/x"),
        ("https://s.example.:8443/%C3%BC?y=%20", "https://s.example:8443/%C3%BC?y=%20"),
    ],
)
def test_a_public_link_is_returned_in_its_canonical_form(link: str, canonical: str) -> None:
    assert check_link(link, ANY, DESTINATION) == canonical


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "tg://resolve?domain=x",
        "ftp://s.example/x",
        "//s.example/x",
        "s.example/x",
        "https:/s.example/x",
        "https:///x",
        "https://",
        "",
        "https://user@s.example/x",
        "https://user:pass@s.example/x",
        "https://s.example@evil.example/x",
        "https://s.example\\@evil.example/x",
        "https://s.example/a b",
        "https://s.example/a\nb",
        "https://s.example/\x00",
        "https://s.example/\u202egpj",
        "https://s.example:99999/",
        "https://s.example:x/",
        "https://[::1/x",
        "https://a%2eb.example/",
        "https://a..example/x",
        "https://a.example../x",
        "https://./x",
        "https://.../x",
        "https://a%20b.example/x",
        "https://a.example:0/x",
        "https://[2606:4700::1111]/x",
    ],
)
def test_a_link_that_is_no_plain_http_url_is_refused(link: str) -> None:
    assert complaint(link) == FailureKind.UNSAFE_LINK


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "router",
        "printer.local",
        "db.internal",
        "nas.lan",
        "x.home.arpa",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0x7f000001",
        "0177.0.0.1",
        "127。0。0。1",
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:db8::1]",
    ],
)
def test_a_link_to_a_private_host_is_refused(host: str) -> None:
    assert complaint(f"http://{host}/x") == FailureKind.UNSAFE_LINK


def test_a_private_host_is_accepted_if_it_is_the_api_host() -> None:
    local = Provider("local", "http://127.0.0.1:8081/api", SecretStr(KEY))
    assert check_link("http://127.0.0.1:9000/s/x", local, DESTINATION) == "http://127.0.0.1:9000/s/x"
    assert complaint("http://127.0.0.2:8081/s/x", local) == FailureKind.UNSAFE_LINK
    assert complaint("http://localhost:8081/s/x", local) == FailureKind.UNSAFE_LINK


@pytest.mark.parametrize("host", ["localhost", "shortener", "[::1]"])
def test_a_host_telegram_refuses_is_refused_even_as_the_api_host(host: str) -> None:
    local = Provider("local", f"http://{host}:8081/api", SecretStr(KEY))
    assert complaint(f"http://{host}:8081/s/x", local) == FailureKind.UNSAFE_LINK


def test_a_private_host_in_the_list_of_hosts_is_refused() -> None:
    listed = Provider("p", "https://api.example/", SecretStr(KEY), hosts=("10.0.0.1",))
    assert complaint("http://10.0.0.1/x", listed) == FailureKind.UNSAFE_LINK


@pytest.mark.parametrize(
    "host", ["s.example", "S.EXAMPLE", "www.s.example", "api.example", "s.example.", "s.example:444"]
)
def test_with_hosts_the_listed_ones_and_the_api_host_are_accepted(host: str) -> None:
    assert check_link(f"https://{host}/x", OWN, DESTINATION).endswith("/x")


@pytest.mark.parametrize("host", ["other.example", "x.s.example", "s.example.evil.example", "evils.example"])
def test_with_hosts_any_other_host_is_refused(host: str) -> None:
    assert complaint(f"https://{host}/x", OWN) == FailureKind.FOREIGN_LINK


@pytest.mark.parametrize(
    "link",
    [
        DESTINATION,
        DESTINATION + "/",
        DESTINATION.replace("https://bot.example", "HTTP://Bot.Example"),
        DESTINATION.replace("bot.example", "bot.example."),
        DESTINATION.replace("Tok3n", "%54ok3n"),
        DESTINATION + "#top",
    ],
)
def test_the_destination_itself_is_no_short_link(link: str) -> None:
    assert complaint(link) == FailureKind.NOT_SHORTENED


def test_another_path_on_the_destinations_host_is_accepted() -> None:
    assert check_link("https://bot.example/s/x", ANY, DESTINATION) == "https://bot.example/s/x"


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        KEY.lower(),
        "AbCd%2F1234%2B56%2678",
        "AbCd%2f1234%2b56%2678",
        "AbCd%252F1234%252B56%252678",
        "%41%62%43%64%2F1234%2B56%2678",
    ],
)
@pytest.mark.parametrize(
    "place", ["https://s.example/st?api={}&url=x", "https://s.example/{}/x", "https://s.example/#{}"]
)
def test_a_link_with_the_key_in_it_is_refused(place: str, written: str) -> None:
    assert complaint(place.format(written)) == FailureKind.UNSAFE_LINK


def test_a_key_in_the_host_name_is_found() -> None:
    provider = Provider("p", "https://api.example/", SecretStr("AbCd1234"))
    assert complaint("https://abcd1234.s.example/x", provider) == FailureKind.UNSAFE_LINK


@pytest.mark.parametrize(("length", "fits"), [(ADDRESS_MAX, True), (ADDRESS_MAX + 1, False)])
def test_a_link_has_at_most_2048_characters(length: int, fits: bool) -> None:
    link = "https://s.example/".ljust(length, "x")
    if fits:
        assert check_link(link, ANY, DESTINATION) == link
    else:
        assert complaint(link) == FailureKind.UNSAFE_LINK


def test_the_length_is_checked_in_the_canonical_form() -> None:
    assert complaint("https://s.example/" + "ü" * 400) == FailureKind.UNSAFE_LINK


@given(st.text())
def test_any_text_is_accepted_or_raises_shortener_error(text: str) -> None:
    for link in (text, f"https://{text}", f"https://s.example/{text}"):
        try:
            found = check_link(link, ANY, DESTINATION)
        except ShortenerError:
            continue
        assert found.isascii()
        assert found.startswith(("https://", "http://"))


@given(st.ip_addresses(v=4).filter(lambda ip: not ip.is_global))
def test_no_non_global_ip_address_is_public(ip: object) -> None:
    assert not is_public(str(ip))
