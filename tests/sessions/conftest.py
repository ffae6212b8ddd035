"""Fixtures of the sessions tests."""

import pytest

from tests.sessions.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """A sessions stage that has seen nothing."""
    return Desk()
