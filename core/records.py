"""The base class of stored records."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A stored document as an immutable record. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
