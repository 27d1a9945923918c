"""The jobs that keep the house clean, under the names the product's seed fixed (DESIGN §2)."""

from schedulers.registry import (
    create_broadcast_deleter_scheduler,
    create_broadcast_sender_scheduler,
    create_message_deleter_scheduler,
    token_cleanup_scheduler,
    token_count_reset_scheduler,
)

__all__ = [
    "create_broadcast_deleter_scheduler",
    "create_broadcast_sender_scheduler",
    "create_message_deleter_scheduler",
    "token_cleanup_scheduler",
    "token_count_reset_scheduler",
]
