"""Prints how two servers compare that were measured in the same rounds.

Usage: ratios.py FILE NAME/NAME...

Each line of the file has a round, a name, a rate, and behind three words the time of a core that a request takes.
"""

import statistics
import sys
from collections import defaultdict

rates, times = defaultdict(dict), defaultdict(dict)
with open(sys.argv[1]) as lines:
    for line in lines:
        number, name, rate, _, _, _, time, *_ = line.split()
        rates[name][number], times[name][number] = float(rate), float(time)


def compared(values, one, other):
    """Returns the median and the range of the ratios, and the medians of both."""
    rounds = sorted(values[one].keys() & values[other].keys())
    ratios = [values[one][number] / values[other][number] for number in rounds]
    medians = [statistics.median(values[name].values()) for name in (one, other)]
    return statistics.median(ratios), min(ratios), max(ratios), *medians


for pair in sys.argv[2:]:
    one, other = pair.split("/")
    if not rates[one] or not rates[other]:
        print(f"{pair}: not measured")
        continue
    print("{}: {:.2f} times the requests ({:.2f} to {:.2f}), {:,.0f} against {:,.0f}".format(pair, *compared(rates, one, other)))
    print("    {:.2f} times the time of a core ({:.2f} to {:.2f}), {:.1f} us against {:.1f} us".format(*compared(times, one, other)))
