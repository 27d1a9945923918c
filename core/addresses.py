"""Web addresses, and networks. Telegram refuses the message for a button it does not take (BOTAPI §2.4)."""

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

Networks = tuple[IPv4Network | IPv6Network, ...]

#: characters of an address
ADDRESS_MAX = 2048
_HOST_MAX = 253
_PORT_MAX = 65535

#: Telegram also accepts other characters, hosts in other alphabets and a trailing dot; these it surely accepts
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ADDRESS = re.compile(
    rf"https?://({_LABEL}(?:\.{_LABEL})+)(?::([1-9][0-9]{{0,4}}))?(?:[/?#].*)?", re.ASCII | re.IGNORECASE
)
#: the last label of a host that browsers parse as an IPv4 address (WHATWG URL, "ends in a number")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
#: the value of a Host header (RFC 9110, 7.2): a name, an IPv4 address, or IPv6 in brackets, and a port
_HOST_VALUE = re.compile(
    rf"(?:\[([0-9a-f:.]{{2,45}})\]|({_LABEL}(?:\.{_LABEL})*)\.?)(?::([0-9]{{1,5}}))?", re.ASCII | re.IGNORECASE
)


def is_button_address(text: str) -> bool:
    """Return whether `text` is http(s):// with an ASCII host of two labels or more (IDN as xn--…), or an IPv4 address.

    A port may follow; no user name, no spaces or control characters, at most `ADDRESS_MAX` characters. Private
    addresses are allowed.
    """
    found = _ADDRESS.fullmatch(text) if len(text) <= ADDRESS_MAX and _is_plain(text) else None
    return found is not None and _is_host(found[1]) and int(found[2] or 1) <= _PORT_MAX


def is_web_address(url: str) -> bool:
    """Return whether requests can be sent to `url`. A host without a dot is allowed: it may be in a local network."""
    if not re.fullmatch(r"https?://[!-\"$-~]+", url):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc and "\\" not in parts.netloc
    except ValueError:
        return False


def host_named(value: str) -> str | None:
    """Return the host in the value of a Host header, without its port; None when it is malformed.

    In lower case and without a final dot; IPv6 in its shortest form, without brackets.
    """
    found = _HOST_VALUE.fullmatch(value)
    if found is None or int(found[3] or 0) > _PORT_MAX:
        return None
    if found[1] is None:
        return found[2].lower() if _is_host(found[2]) else None
    try:
        return str(ipaddress.IPv6Address(found[1]))
    except ValueError:
        return None


def is_this_machine(host: str) -> bool:
    """Return whether `host` (localhost or an IP address, IPv6 without brackets) is reached on this machine only."""
    address = parsed_address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def parsed_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address, an IPv4 address in IPv6 as itself; None when `text` is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_plain(text: str) -> bool:
    return text.isprintable() and " " not in text


def _is_host(host: str) -> bool:
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return len(host) <= _HOST_MAX
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
