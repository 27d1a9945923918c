"""The jobs that keep the house clean, under the names the product's seed fixed (DESIGN §2).

They are imported when they are asked for: aiogram takes seconds to import, and most of the CLI needs none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schedulers.registry import token_cleanup_scheduler, token_count_reset_scheduler
    from schedulers.telegram_registry import (
        create_broadcast_deleter_scheduler,
        create_broadcast_sender_scheduler,
        create_message_deleter_scheduler,
    )

__all__ = [
    "create_broadcast_deleter_scheduler",
    "create_broadcast_sender_scheduler",
    "create_message_deleter_scheduler",
    "token_cleanup_scheduler",
    "token_count_reset_scheduler",
]

_NEEDS_NO_TELEGRAM = frozenset({"token_cleanup_scheduler", "token_count_reset_scheduler"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "registry" if name in _NEEDS_NO_TELEGRAM else "telegram_registry"
    return getattr(import_module(f"{__name__}.{module}"), name)
