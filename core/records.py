"""The common base of stored records."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen document as `database` hands it out. Unknown fields of newer versions are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
