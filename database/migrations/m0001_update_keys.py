"""Keys of updates and requests, pending posts and one audited action get the names they have in the code."""

from core.ids import is_code
from database.migrations.steps import Change, Migration, RenameFields, RewriteDocuments
from database.values import Document


def _rewrite_user(user: Document) -> Change | None:
    condition: Document = {}
    values: Document = {}
    old: list[str] = []
    for name, new in (("wanted_code", "pending_code"), ("wanted_at", "pending_at"), ("wanted_taken", "popped_post")):
        if name in user:
            condition[name] = user[name]
            values[new] = _popped(user[name])
            old.append(name)
    for code, charge in (user.get("charges") or {}).items():
        if is_code(code) and isinstance(charge, dict) and "mark" in charge:
            path = f"charges.{code}"
            condition[f"{path}.mark"] = charge["mark"]
            values[f"{path}.update_key"] = charge["mark"]
            old.append(f"{path}.mark")
    return Change(condition, {"$set": values, "$unset": dict.fromkeys(old, "")}) if old else None


def _popped(value: object) -> object:
    """A `wanted_taken` as a `popped_post`, whose fields are compared in this order; other values as they are."""
    if not isinstance(value, dict):
        return value
    return {"code": value.get("code"), "update_key": value.get("update_key", value.get("mark", ""))}


def _rewrite_action(entry: Document) -> Change | None:
    if entry.get("action") != "session.begun":
        return None
    return Change({"action": "session.begun"}, {"$set": {"action": "session.started"}})


MIGRATION = Migration(
    1,
    "update keys and pending posts",
    (
        RenameFields("pending_deletions", {"wish": "request_key"}),
        RenameFields("deliveries", {"mark": "update_key", "marks": "update_keys", "marked_at": "update_keys_at"}),
        RenameFields("token_generator_count", {"marks": "update_keys"}),
        RewriteDocuments(
            "users",
            ("wanted_code", "wanted_at", "wanted_taken", "pending_code", "pending_at", "popped_post", "charges"),
            _rewrite_user,
        ),
        RewriteDocuments("audit_log", ("action",), _rewrite_action),
    ),
)
