"""Bodies of the requests and answers about backups, exports and maintenance."""

from datetime import datetime

from pydantic import Field

from core.exchange.exports import Exported, FileFormat
from web_app.api.models import Answer, Instant, LastRun, RequestBody


class Backups(Answer):
    """The last runs of the backup job, the latest first."""

    runs: list[LastRun]
    is_running: bool
    is_waiting: bool = Field(description="one is asked for and has not started")


class ExportRequest(RequestBody):
    """Names a file."""

    what: Exported = Field(strict=False)
    format: FileFormat = Field(strict=False)


class ExportFile(Answer):
    """Where the file is fetched, without a session; the address holds for two minutes."""

    path: str = Field(description="below the address of this API, without it")
    name: str


class Maintenance(Answer):
    until: datetime | None = Field(description="null: there is none now")
    offered: list[datetime] = Field(description="ends that can be chosen")


class MaintenanceChange(RequestBody):
    """A new end; null ends it now."""

    until: Instant | None = Field(strict=False)
    seen: Instant | None = Field(strict=False, description="the end that was shown")
