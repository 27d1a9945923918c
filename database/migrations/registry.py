"""Every migration, in the order in which they are applied. A number is never used again."""

from database.migrations import (
    m0001_update_keys,
    m0002_delivery_states,
    m0003_post_words,
    m0004_events,
    m0005_people_words,
    m0006_openings,
)
from database.migrations.steps import Migration

MIGRATIONS: tuple[Migration, ...] = (
    m0001_update_keys.MIGRATION,
    m0002_delivery_states.MIGRATION,
    m0003_post_words.MIGRATION,
    m0004_events.MIGRATION,
    m0005_people_words.MIGRATION,
    m0006_openings.MIGRATION,
)
