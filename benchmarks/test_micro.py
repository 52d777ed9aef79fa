"""How long do the parts of a diagnosis take?

Not part of the tests; run by ``python -m pytest -o addopts= benchmarks/test_micro.py``.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import legache
from benchmarks import ours
from benchmarks.networks import SIZES, generated
from benchmarks.patients import (
    Codes,
    Kind,
    complainers,
    described,
    interviewed,
    invented,
    likelihoods,
    mapping,
)

_SEED = 81
_KINDS = (Kind(6, 15), Kind(6, 15, 0.4), Kind(12, 15, 0.4), Kind(8, 15, 0.0))


@pytest.fixture(scope="module")
def people() -> Codes:
    return complainers(ours.shipped_network(), 200, _SEED)


def test_load(benchmark: BenchmarkFixture) -> None:
    assert len(benchmark(legache.load).causes) == 40


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.title)
def test_diagnose_again(benchmark: BenchmarkFixture, people: Codes, kind: Kind) -> None:
    network = ours.shipped_network()
    said = mapping(network, described(network, people, kind, _SEED)[0])
    assert benchmark(ours.shipped().diagnose, said).ranking


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.title)
def test_posterior_again(benchmark: BenchmarkFixture, people: Codes, kind: Kind) -> None:
    network = ours.shipped_network()
    evidence = likelihoods(network, described(network, people, kind, _SEED)[0])
    assert benchmark(ours.asked, network, evidence)[1]


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: size.name)
def test_random_network_again(benchmark: BenchmarkFixture, size: object) -> None:
    network = generated(size)
    evidence = likelihoods(network, invented(network, 1, Kind(12, 36), _SEED)[0])
    assert benchmark(ours.asked, network, evidence)[1]


def test_what_ifs(benchmark: BenchmarkFixture, people: Codes) -> None:
    network = ours.shipped_network()
    evidence = likelihoods(network, described(network, people, _KINDS[0], _SEED)[0])
    assert benchmark(ours.all_what_ifs, network, evidence)


def test_a_hundred_patients(benchmark: BenchmarkFixture, people: Codes) -> None:
    network = ours.shipped_network()
    codes = interviewed(network, people[:100], 1.0, 0.25, _SEED)
    assert benchmark(ours.many_asked, network, codes, 1)
