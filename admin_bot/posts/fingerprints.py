"""Fingerprints of values: a button that sets a field carries that of the value its screen showed."""

import hashlib
import json
from typing import Any

from core.records import Record
from views.posts.callbacks import FINGERPRINT_LENGTH


def fingerprint(value: Any) -> str:
    """Return a short hash of a field's value; of two different values one in 65,536 has the same."""
    plain = value.model_dump(mode="json") if isinstance(value, Record) else value
    return hashlib.sha256(json.dumps(plain, default=str).encode()).hexdigest()[:FINGERPRINT_LENGTH]
