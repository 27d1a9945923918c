"""A database without indexes: what is erased does not depend on them, and building them for each test takes longest."""

import pytest

from database.connection import Database


@pytest.fixture
def db(bare_db: Database) -> Database:
    """An open, empty database."""
    return bare_db
