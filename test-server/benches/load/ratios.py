"""Prints ratios of rates that were measured in the same round.

Usage: ratios.py FILE NAME/NAME...

Each line of the file has a round, a name and a rate.
"""

import statistics
import sys
from collections import defaultdict

rates = defaultdict(dict)
with open(sys.argv[1]) as lines:
    for line in lines:
        number, name, rate, *_ = line.split()
        rates[name][number] = float(rate)
for pair in sys.argv[2:]:
    one, other = pair.split("/")
    rounds = sorted(rates[one].keys() & rates[other].keys())
    if not rounds:
        print(f"{pair}: not measured")
        continue
    ratios = [rates[one][number] / rates[other][number] for number in rounds]
    medians = [statistics.median(rates[name].values()) for name in (one, other)]
    print(
        f"{pair}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}),"
        f" {medians[0]:,.0f} against {medians[1]:,.0f} requests per second"
    )
