"""What redeeming is compared with: look at the token, then write. Nothing says that it is still as it was."""

from datetime import UTC, datetime
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

Rows = AsyncDatabase[dict[str, Any]]


def naive_client(uri: str, connections: int) -> AsyncMongoClient[dict[str, Any]]:
    """A client with at most so many connections."""
    return AsyncMongoClient(uri, maxPoolSize=connections)


async def redeem_naively(rows: Rows, token: str, user_id: int, credits: int) -> bool:
    """Pay `credits` when the token looks verified and not redeemed; whether it did."""
    found = await rows["tokens"].find_one({"token": token})
    if found is None or found["status"] != "verified" or found["redeemed_at"] is not None:
        return False
    await rows["tokens"].update_one({"token": token}, {"$set": {"redeemed_at": datetime.now(UTC)}})
    await rows["users"].update_one({"user_id": user_id}, {"$inc": {"credits": credits}})
    return True
