"""Runs contenders in rounds and compares their times.

Each round runs every contender once, in a random order, so that a busy minute of the machine slows all of them down
alike. A ratio is the median of the ratios within the rounds. A contender with an error or another answer has none.
"""

import statistics
from dataclasses import dataclass, field

import measure
from contenders import Contender


@dataclass
class Result:
    """The runs of one contender. `fault` says why it is not comparable, if it is not."""

    contender: Contender
    peak: float
    runs: list = field(default_factory=list)
    fault: str = ""

    def wall(self):
        return statistics.median(run.wall for run in self.runs)

    def cpu(self):
        return statistics.median(run.cpu for run in self.runs)

    def span(self):
        walls = [run.wall for run in self.runs]
        return f"{min(walls):.3f}-{max(walls):.3f}"


def expected_answer(hosts_file, results):
    """Returns the checksum of the hosts beside the logs. Without that file, the most frequent answer counts as right."""
    if hosts_file.exists():
        return measure.checksum(hosts_file.read_bytes().split(b"\n")[:-1])
    return statistics.mode(run.answer for result in results if result.contender.answers for run in result.runs)


def fault_of(result, expected):
    for run in result.runs:
        if run.code != 0:
            return f"exit {run.code}: {(run.complaint.splitlines() or ['no message'])[-1]}"
        if result.contender.answers and run.answer != expected:
            return f"different answer: {run.lines} lines"
    return ""


def run_rounds(contenders, rounds, rng, hosts_file):
    """Returns the results by name, in the order of the contenders. The first run of each is a warm-up for peak memory."""
    results = [Result(contender, measure.peak_mib(contender.argv)) for contender in contenders]
    for _ in range(rounds):
        for result in rng.sample(results, len(results)):
            result.runs.append(measure.run(result.contender.argv))
    expected = expected_answer(hosts_file, results)
    for result in results:
        result.fault = fault_of(result, expected)
    return {result.contender.name: result for result in results}


def ratio(results, name, base):
    """Returns how many times as long `name` takes as `base`, or None if one of them has not run or is not comparable."""
    pair = results.get(name), results.get(base)
    if any(result is None or result.fault for result in pair):
        return None
    return statistics.median(one.wall / other.wall for one, other in zip(pair[0].runs, pair[1].runs))


def table(results, base, size_mb):
    """Returns a Markdown table of all results, with ratios to `base`."""
    lines = ["| contender | wall s | min-max | MB/s | CPU s | peak MiB | times as long |", "|---|---|---|---|---|---|---|"]
    for name, result in results.items():
        times = ratio(results, name, base)
        cells = [name, f"{result.wall():.3f}", result.span(), f"{size_mb / result.wall():.0f}", f"{result.cpu():.3f}",
                 f"{result.peak:.1f}", result.fault or ("" if times is None else f"{times:.2f}")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
