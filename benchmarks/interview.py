"""How many questions until the leading cause is the final one, by the order of asking?

Simulated patients with the complaint answer every question truthfully; tests are not asked for.
The final leading cause is that of all answers, and may be "none of the listed".  Counted are the
questions after which it leads for good, age and sex included.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import ours
from benchmarks.patients import COMPLAINT, UNKNOWN, Codes, columns, complainers, states_of
from benchmarks.report import Result, Row, Scale, Table
from legache import Interview, Stop
from legache.inference.cohort import cohort_posteriors
from legache.inference.compiled import compiled_network, n_cores
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT
from legache.inference.screening import screened
from legache.network.structure import FloatArray, NoisyMaxNetwork

QUESTION = __doc__.splitlines()[0]
INTERVIEW, FIXED, RANDOM = "interview", "best fixed order", "random order"
_SEED = 61
_SHORT_SEARCH = 0.1  # of a plan for one patient; as for cohorts
Order = NDArray[np.intp]
"""Columns of the codes in the order of asking: shape (n_patients, n_questions)."""


def measure(scale: Scale) -> Result:
    network = ours.shipped_network()
    n_questions = 30
    patients = complainers(network, scale.of(1000, 30), _SEED)
    training = complainers(network, scale.of(200, 20), _SEED + 1)
    rng = np.random.default_rng(_SEED)
    start = time.perf_counter()
    asked = _asked(network)
    fixed = _fixed_order(network, training, n_questions)
    each, lengths = _interviews(network, patients, fixed, n_questions)
    orders = {
        INTERVIEW: each,
        FIXED: np.tile(fixed, (len(patients), 1)),
        RANDOM: np.stack([rng.permutation(asked)[:n_questions] for _ in patients]),
    }
    final = _leading(network, _known(network, patients, np.tile(asked, (len(patients), 1))))
    settled = {by: _settled(network, patients, order, final) for by, order in orders.items()}
    configuration: dict[str, object] = {
        "seed": _SEED,
        "patients": len(patients),
        "training patients of the fixed order": len(training),
        "questions that can be asked": len(asked) + len(network.root_ids),
        "questions followed": n_questions + len(network.root_ids),
        "setting": ours.shipped().setting,
        "stop": str(Stop()),
        "priors sha256": ours.shipped().model.knowledge.digest[:12],
        "seconds": round(time.perf_counter() - start),
    }
    n_roots = len(network.root_ids)
    rows = [_row(by, found + n_roots, n_questions + n_roots) for by, found in settled.items()]
    tables = [
        Table("Questions until the final leading cause leads for good", rows),
        Table("Questions that an interview asks by its own rule", [_lengths(lengths)]),
        Table("Share of patients whose final leading cause leads for good", _curves(settled)),
    ]
    notes = [
        f"Patients who need more than {n_questions + n_roots} questions count as one more.",
        "For good means up to the last question followed; what comes after it is not looked at.",
        "After its own end the interview goes on in the fixed order.",
        "The fixed order is greedy: in each place what tells most of the training patients.",
    ]
    return Result(configuration, tables, notes)


def draw(result: Result, output: Path) -> None:
    """Draw how many patients are settled after how many questions."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(7.5, 5), layout="constrained")
    colours = {INTERVIEW: "#0b5394", FIXED: "#e69138", RANDOM: "#888888"}
    means = {row["by"]: row["mean"] for row in result.tables[0].rows}
    curves = result.tables[2].rows
    for by, colour in colours.items():
        points = [(row["questions"], 100 * float(str(row[by]))) for row in curves]
        label = f"{by}: {means[by]:.1f} on average"
        axis.step(*zip(*points, strict=True), where="post", color=colour, label=label)
        axis.axvline(float(str(means[by])), color=colour, linestyle=":", linewidth=1)
    axis.set_xlabel("questions asked, age and sex included")
    axis.set_ylabel("% of patients whose final leading cause leads for good")
    n_patients = result.configuration["patients"]
    axis.set_title(f"{n_patients} simulated patients with leg ache, {_setting(result)}")
    axis.set_ylim(0, 100)
    axis.grid(visible=True, color="#dddddd", linewidth=0.7)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="lower right")
    output.mkdir(parents=True, exist_ok=True)
    figure.savefig(output / "interview.png", dpi=130)
    plt.close(figure)


def _setting(result: Result) -> str:
    return str(result.configuration["setting"]).replace("_", " ")


def _row(by: str, found: NDArray[np.intp], most: int) -> Row:
    return {
        "by": by,
        "mean": float(found.mean()),
        "standard error": float(found.std(ddof=1) / np.sqrt(found.size)),
        "median": float(np.median(found)),
        "90 %": float(np.quantile(found, 0.9)),
        f"% not within {most}": 100 * float((found > most).mean()),
    }


def _lengths(lengths: NDArray[np.intp]) -> Row:
    return {
        "by": INTERVIEW,
        "mean": float(lengths.mean()),
        "median": float(np.median(lengths)),
        "90 %": float(np.quantile(lengths, 0.9)),
        "most": int(lengths.max()),
    }


def _curves(settled: dict[str, NDArray[np.intp]]) -> list[Row]:
    n_roots = len(ours.shipped_network().root_ids)
    most = max(int(found.max()) for found in settled.values())
    return [
        {"questions": n + n_roots} | {by: float((f <= n).mean()) for by, f in settled.items()}
        for n in range(most)
    ]


def _asked(network: NoisyMaxNetwork) -> Order:
    """Columns of the contexts and findings; age and sex are always asked first."""
    where, tests = columns(network), set(ours.shipped().tests)
    findings = [
        where.findings.start + place
        for place, finding in enumerate(network.findings)
        if finding.id not in tests and finding.id != COMPLAINT
    ]
    return np.array([*range(where.contexts.start, where.contexts.stop), *findings])


def _known(network: NoisyMaxNetwork, patients: Codes, order: Order) -> Codes:
    """What is known of patients who were asked for some columns."""
    where = columns(network)
    complaint = [finding.id for finding in network.findings].index(COMPLAINT)
    known = np.full_like(patients, UNKNOWN)
    known[:, where.roots] = patients[:, where.roots]
    known[:, where.findings.start + complaint] = 1
    rows = np.arange(len(patients))[:, None]
    known[rows, order] = patients[rows, order]
    return known


def _leading(network: NoisyMaxNetwork, known: Codes) -> NDArray[np.intp]:
    """Place of the leading cause; one more than the last for "none of the listed"."""
    different, back = np.unique(known, axis=0, return_inverse=True)
    found = cohort_posteriors(network, different)
    unexplained = found.unexplained[:, None]
    best = np.concatenate([found.responsible, unexplained], axis=1).argmax(axis=1)
    return np.asarray(best[back.ravel()])


def _settled(
    network: NoisyMaxNetwork, patients: Codes, order: Order, final: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Number of questions after which the final leading cause leads for good.

    From the last question backwards; one more than there are if it does not lead then.
    """
    n_patients, n_questions = order.shape
    found = np.full(n_patients, n_questions + 1)
    still = np.arange(n_patients)
    for n_asked in range(n_questions, -1, -1):
        known = _known(network, patients[still], order[still, :n_asked])
        still = still[_leading(network, known) == final[still]]
        found[still] = n_asked
    return found


def _fixed_order(network: NoisyMaxNetwork, training: Codes, n_questions: int) -> Order:
    """Greedy order: what tells most on average of those with the answers so far."""
    left, order = _asked(network).tolist(), list[int]()
    first = columns(network).contexts.start
    n_contexts = len(network.context_ids)
    start = columns(network).findings.start
    while len(order) < n_questions:
        chosen = np.tile(np.array(order, dtype=np.intp), (len(training), 1))
        bits = _mean_bits(network, _known(network, training, chosen))
        place = {c: c - first if c < start else c - start + n_contexts for c in left}
        best = max(left, key=lambda column: bits[place[column]])
        left.remove(best)
        order.append(best)
    return np.array(order, dtype=np.intp)


def _mean_bits(network: NoisyMaxNetwork, known: Codes) -> FloatArray:
    """Approximate information of each context and finding, over all patients."""
    kernel = compiled_network(network)
    if kernel is None:
        message = "this measurement needs the compiled kernel; run `make kernel`"
        raise RuntimeError(message)
    found = kernel.answer(
        known,
        np.empty(0),
        DEFAULT_MEMORY_LIMIT,
        effort=_SHORT_SEARCH,
        n_threads=n_cores(),
    )
    states = list(states_of(network).values())
    matches = [
        [s == tuple(states[c][row[c]] for c in range(len(s))) for s in network.strata]
        for row in known
    ]
    bits = screened(
        network,
        strata=np.array(matches, dtype=float),
        contexts=found.contexts,
        present=found.present,
        responsible=found.responsible,
    )
    return np.asarray(bits.mean(axis=0))


def _interviews(
    network: NoisyMaxNetwork, patients: Codes, fixed: Order, n_questions: int
) -> tuple[Order, NDArray[np.intp]]:
    """Order of asking of each interview, filled up in the fixed order, and how many it asked."""
    place = {name: column for column, name in enumerate(states_of(network))}
    orders, lengths = [], []
    begun = ours.shipped().interview()
    followed: dict[tuple[tuple[str, object], ...], Interview] = {}
    for row in patients:
        asked = list(_questions(network, row, begun, followed))
        lengths.append(len(asked))
        order = [place[name] for name in asked if name not in network.root_ids]
        rest = [column for column in fixed.tolist() if column not in order]
        orders.append([*order, *rest][:n_questions])
    return np.array(orders, dtype=np.intp), np.array(lengths)


def _questions(
    network: NoisyMaxNetwork,
    row: Codes,
    interview: Interview,
    followed: dict[tuple[tuple[str, object], ...], Interview],
) -> Iterator[str]:
    """Ids that an interview asks for; what is the same for several patients is done once."""
    states = states_of(network)
    codes = dict(zip(states, row.tolist(), strict=True))
    while (question := interview.question) is not None:
        name = question.node
        yield name
        said = states[name][codes[name]]
        value = codes[name] == 1 if states[name] == ("absent", "present") else said
        key = (*interview.answers, (name, value))
        if key not in followed:
            followed[key] = interview.answer(value)
        interview = followed[key]
