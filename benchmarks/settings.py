"""Which causes bring people with an aching leg, in each setting?"""

from __future__ import annotations

import pandas as pd
from tabulate import tabulate

import legache


def main() -> None:
    network = legache.load()
    shares = {}
    for setting in ("survey", "primary_care", "emergency"):
        diagnosis = network.in_setting(setting).diagnose()
        shares[setting] = diagnosis.causes["responsible"]
        shares[setting].loc["(none of the listed)"] = diagnosis.unexplained
    table = pd.DataFrame(shares).sort_values("primary_care", ascending=False)
    print("P(responsible | leg ache), per cent\n")
    print(tabulate(100 * table, headers="keys", floatfmt=".2f"))


if __name__ == "__main__":
    main()
