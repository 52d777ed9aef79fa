"""Posteriors of many patients at once by plain numpy."""

from legache.inference.dense.posteriors import DensePosteriors, dense_posteriors

__all__ = ["DensePosteriors", "dense_posteriors"]
