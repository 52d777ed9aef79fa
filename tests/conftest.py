from __future__ import annotations

import pytest

import legache


@pytest.fixture(scope="session")
def network() -> legache.Network:
    """The shipped network in its default setting."""
    return legache.load()
