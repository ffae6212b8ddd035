"""Fixtures of the pipeline tests."""

import pytest

from tests.pipeline.bench import Bench


@pytest.fixture
def bench() -> Bench:
    """A pipeline for Dovecot, in UTC, that has read nothing."""
    return Bench()
