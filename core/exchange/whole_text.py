"""JSON from outside, read so that every text in it can be written again."""

import json
import re
from typing import Any

#: half of a surrogate pair without the other half, as JSON escapes it
_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def loads(text: str | bytes | bytearray) -> Any:
    """Parse JSON, bytes as UTF-8. Half of a surrogate pair, which neither UTF-8 nor MongoDB can hold, becomes U+FFFD.

    Raises ValueError for anything that is no JSON, and RecursionError as json.loads does.
    """
    written = text if isinstance(text, str) else text.decode()
    found = json.loads(written)
    if _HALF.search(written) is None:
        return found
    units = json.dumps(found, ensure_ascii=False).encode("utf-16", "surrogatepass")
    return json.loads(units.decode("utf-16", "replace"))
