"""One contract for all engines: what answers one patient is tested with and without the kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from legache.inference.compiled import is_compiled

_CONTRACT = {"test_exactness", "test_impossible_evidence", "test_invariants", "test_underflow"}
_SLOW = {"test_impossible_evidence"}  # by numpy: minutes


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".")[2]
    if module in _CONTRACT:
        marks = [pytest.mark.slow] if module in _SLOW else []
        engines = ["compiled", pytest.param("numpy", marks=marks)]
        metafunc.parametrize("engine", engines, indirect=True, scope="module")


@pytest.fixture(autouse=True, scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[None]:
    name = getattr(request, "param", "compiled")
    if name == "compiled":
        if not is_compiled():
            pytest.skip("the kernel was not compiled on this machine")
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("legache.inference.posterior.compiled_network", lambda _: None)
        yield
