"""What in a backup gives somebody a right, or sends subscribers, money or posts somewhere: never restored unseen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from database.values import Document

#: collections that say who is in the team or may join it, hold what they were about to do, or say where posts are
#: kept and published, what subscribers have to join, and who is asked for links
GRANTING = (
    "admins",
    "invitations",
    "login_codes",
    "sessions",
    "dialogues",
    "admin_config",
    "channels",
    "shorteners",
    "announcements",
)
TEAM = "admins"
#: members of the team that are named
NAMED_MAX = 50
#: characters of a name
_NAME_MAX = 64


@dataclass(slots=True)
class TeamFound:
    """Who is in the team, by a backup."""

    #: as "Olive (id 5, owner)"; of many the first
    names: list[str] = field(default_factory=list)
    count: int = 0

    def note(self, row: Mapping[str, object]) -> None:
        user_id = row.get("user_id")
        if user_id is None:
            # the link that makes the first owner
            name = "whoever has the link for the first owner"
        else:
            called = str(row.get("name") or "without a name")[:_NAME_MAX]
            name = f"{called} (id {str(user_id)[:20]}, {str(row.get('role'))[:20]})"
        self.count += 1
        if len(self.names) < NAMED_MAX:
            self.names.append(name)

    def note_all(self, page: list[Document]) -> None:
        for row in page:
            self.note(row)
