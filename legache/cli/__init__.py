"""The command ``legache``: ask for a differential, look up nodes, check a priors folder."""

from legache.cli.main import main

__all__ = ["main"]
