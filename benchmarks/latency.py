"""How long does one diagnosis take, and how much memory, by positive findings and contexts known?

Each row runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time

from tabulate import tabulate

POSITIVE = (
    "worse_at_night",
    "quality_cramping",
    "site_calf",
    "sleep_disruption",
    "relief_by_movement",
    "both_legs",
    "fatigue",
    "numbness_or_tingling",
    "back_pain",
    "quality_burning",
    "worse_at_rest",
    "difficulty_walking",
)
NEGATIVE = (
    "swelling_one_leg",
    "swelling_both_legs",
    "fever",
    "redness_or_warmth",
    "foot_drop",
    "saddle_anesthesia_or_retention",
    "weak_foot_pulses",
    "cold_foot",
    "varicose_veins",
    "joint_swelling",
    "sudden_onset",
    "bruising_or_pop",
    "weight_loss",
    "site_hip_or_groin",
    "morning_stiffness_prolonged",
)
_SETTINGS = [(k, known) for k in (4, 8, 12) for known in (0, 10, 36)]


def main() -> None:
    rows = []
    for n_positive, n_known in _SETTINGS:
        command = [sys.executable, "-m", "benchmarks.latency", str(n_positive), str(n_known)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append((n_positive, n_known, *json.loads(done.stdout).values()))
    headers = (
        "positive",
        "contexts known",
        "load s",
        "first s",
        "warm s",
        "products",
        "peak MB",
        "result",
    )
    print(
        tabulate(rows, headers=headers, floatfmt=(".0f", ".0f", ".2f", ".3f", ".3f", ".1e", ".0f"))
    )


def measure(n_positive: int, n_known: int) -> dict[str, object]:
    """Time of load, of a first and of later diagnoses; predicted cost and peak memory."""
    start = time.perf_counter()
    import legache
    from legache.inference.assembly import ALL_WORLDS, assemble
    from legache.inference.planning import pattern_of, plan

    network = legache.load()
    loaded = time.perf_counter()
    said: dict[str, object] = {"age": 67, "sex": "female"}
    said |= dict.fromkeys(POSITIVE[:n_positive], True) | dict.fromkeys(NEGATIVE, False)
    contexts = [name for name in network.contexts if name not in {"age_band", "sex"}]
    said |= dict.fromkeys(contexts[:n_known], False)
    times, result = [], "exact"
    for _ in range(4):
        begin = time.perf_counter()
        try:
            diagnosis = network.diagnose(said)
        except legache.LimitError:
            result = "LimitError"
            break
        times.append(time.perf_counter() - begin)
    likelihoods = dict(diagnosis.given.likelihoods) if times else {}
    problem = assemble(network.model.network, likelihoods | {"leg_ache": (0.0, 1.0)}, ALL_WORLDS)
    return {
        "load": loaded - start,
        "first": times[0] if times else None,
        "warm": statistics.median(times[1:]) if times else None,
        "products": plan(pattern_of(problem)).cost if times else None,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "result": result,
    }


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
    else:
        main()
