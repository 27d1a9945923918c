"""Every migration, in the order in which they are applied. A number is never used again."""

from database.migrations import m0001_update_keys, m0002_delivery_states, m0003_post_words
from database.migrations.steps import Migration

MIGRATIONS: tuple[Migration, ...] = (
    m0001_update_keys.MIGRATION,
    m0002_delivery_states.MIGRATION,
    m0003_post_words.MIGRATION,
)
