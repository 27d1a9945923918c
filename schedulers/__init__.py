"""The four schedulers under the names the product's seed fixed (DESIGN §2).

Imported on first use (PEP 562), so that the command line's `--help` and `list` import neither jobs nor the timer.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schedulers.seed import (
        create_broadcast_deleter_scheduler,
        create_message_deleter_scheduler,
        token_cleanup_scheduler,
        token_count_reset_scheduler,
    )

__all__ = [
    "create_broadcast_deleter_scheduler",
    "create_message_deleter_scheduler",
    "token_cleanup_scheduler",
    "token_count_reset_scheduler",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.seed"), name)
