"""Demonstration and measurements; run with ``python -m benchmarks``."""
