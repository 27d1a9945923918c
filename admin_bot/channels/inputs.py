"""Reading what an admin types about a channel."""

from core.errors import BadInput
from core.subscriptions import LABEL_MAX
from views.channels.texts import label_expected
from views.html import bare


def read_label(text: str) -> str:
    """Read the label of a button, in one line, without direction controls; "" for a single dash. Raises BadInput."""
    label = " ".join(bare(text).split())
    if label == "-":
        return ""
    if not 1 <= len(label) <= LABEL_MAX:
        raise BadInput(label_expected())
    return label
