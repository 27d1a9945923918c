"""What is left of an erased subscriber: a hash of the id, by a key that is not in the database."""

import hmac
from datetime import timedelta
from hashlib import sha256

#: a backup that is older is not erased again
TOMBSTONES_KEPT = timedelta(days=365)


def tombstone(key: bytes, user_id: int) -> str:
    """Return the hash of a subscriber's id. Without the key nobody can try all ids until one fits."""
    return hmac.new(key, f"tollgate erased {user_id}".encode(), sha256).hexdigest()
