"""Write the stored ranks anew: ``python -m tests.diagnosis.golden_ranks``.

A rank that changes is explained in the same change.
"""

from __future__ import annotations

import json

import legache
from tests.diagnosis.cases import GOLDEN_RANKS, rank, records


def main() -> None:
    network = legache.load()
    cases = records("vignettes_dev.jsonl")
    ranks = {case["case_id"]: rank(network, case) for case in cases}
    GOLDEN_RANKS.write_text(json.dumps(ranks, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
