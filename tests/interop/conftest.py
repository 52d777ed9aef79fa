from __future__ import annotations

import pytest

import legache
from legache import Network
from legache.interop.decomposition import Table, decomposition
from legache.network.structure import NoisyMaxNetwork


@pytest.fixture(scope="session")
def library() -> Network:
    return legache.load()


@pytest.fixture(scope="session")
def shipped(library: Network) -> NoisyMaxNetwork:
    return library.model.network


@pytest.fixture(scope="session")
def shipped_tables(shipped: NoisyMaxNetwork) -> tuple[Table, ...]:
    return decomposition(shipped)
