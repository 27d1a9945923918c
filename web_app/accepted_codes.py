"""The languages a browser asks for."""

#: characters and entries of a header that are read
_HEADER_MAX, _ENTRIES_MAX = 256, 16


def accepted_codes(header: str) -> list[str]:
    """Return the codes of an Accept-Language header, `ru-RU,ru;q=0.9,en;q=0.8`, best first.

    What is refused (`q=0`) or cannot be read is left out: the header comes from anywhere.
    """
    entries = header[:_HEADER_MAX].split(",")[:_ENTRIES_MAX]
    ranked = sorted((_ranked(entry) for entry in entries), key=lambda one: -one[0])
    return [code for weight, code in ranked if weight > 0]


def _ranked(entry: str) -> tuple[float, str]:
    code, _, parameter = entry.partition(";")
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0, code.strip()
    try:
        weight = float(value)
    except ValueError:
        return 0.0, code
    return (weight if 0 <= weight <= 1 else 0.0), code.strip()
