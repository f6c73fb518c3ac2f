"""The table in docs/clients.md."""

import datetime

from commands import ROOT
from scenarios import ALL, GET, UNDETECTABLE

TABLE = ROOT / "docs" / "clients.md"

HEAD = """\
# Clients and faults

What a user of each client gets of each fault of [test-server](../test-server) that concerns requests: `file` is the
whole flag, `error` an exit code other than 0 or an exception, `hang` no end within {seconds} seconds or {megabytes} MB, and
**false success** an exit code of 0, or no exception, with another file or none. `none` is what a client cannot do.
The faults of TLS and of TCP, which need another server, are not in the table.

Each client has a timeout of 2 seconds, as far as it has one: some count it from the last byte. wget, wget2 and aria2c
are told to make one attempt; how many each makes at `close` is counted by the server, below. Chromium made 2 in some
runs and 7 in others. The server answers every request with the fault in the first column, `endless` through a proxy at
5 MB a second. Where one download does not show it, the second column says what is done:

{scenarios}

For the libraries, a few lines of code continue a download: with Range and If-Range, and what comes as a 206 is appended
without a look at its ETag and its Content-Range. curl, wget and wget2 ask for the rest without If-Range. aria2c and
flags download so small a file anew: flags continues only files above 1 MiB, in lists.

Written on {date} by `test-server/clients/run.py`, which runs each cell with a server of its own. On a busy machine a
client may be later than its timeout, so a cell that differs from the last table is run up to three times, and the result
that comes twice counts. CI runs the column of flags again and fails where it differs.

Of a fault with the mark † only the content tells: no client can know without knowing what it downloads, except that one
which unpacks gzip could notice that `gzip-cut` is not at its end. flags knows that a flag is a GIF, so only `corrupt` is
left, because a GIF has no checksum. In lists (`--input`), where a file may be anything, it cannot tell either.

"""


def write(columns, versions, attempts, rows, seconds, megabytes):
    names = list(columns)
    in_words = "\n".join(f"- {scenario.name}: {scenario.words}." for scenario in ALL if scenario is not GET)
    date = datetime.date.today()
    lines = [HEAD.format(seconds=seconds, megabytes=megabytes, date=date, scenarios=in_words)]
    lines.append("| fault | done | " + " | ".join(f"{name} {versions[name]}" for name in names) + " |\n")
    lines.append("| --- | --- |" + " --- |" * len(names) + "\n")
    for fault, (words, scenario) in rows.items():
        mark = " †" if fault in UNDETECTABLE else ""
        words = words.replace("|", "\\|")
        cells = " | ".join(columns[name][fault] for name in names)
        done = "" if scenario is GET else scenario.name
        lines.append(f"| `{words}`{mark} | {done} | {cells} |\n")
    lines.append("\n## False successes\n\n")
    lines.append("Of the faults without the mark, and the attempts at `close`:\n\n")
    lines.append("| client | false successes | hangs | attempts |\n| --- | --- | --- | --- |\n")
    for name in names:
        told = [cell for fault, cell in columns[name].items() if fault not in UNDETECTABLE]
        false = sum("false success" in cell for cell in told)
        hangs = sum("hang" in cell for cell in told)
        lines.append(f"| {name} | {false} | {hangs} | {attempts[name]} |\n")
    TABLE.write_text("".join(lines))


def written(client):
    """Returns the column of a client in the table, by the words of the faults."""
    rows = [line[2:-3].split(" | ") for line in TABLE.read_text().splitlines(True) if line.startswith("| ")]
    head, *body = [row for row in rows if row[0].startswith(("fault", "`"))]
    at = next((i for i, name in enumerate(head) if name.split()[0] == client), None)
    if at is None:
        return {}
    return {row[0].split("`")[1].replace("\\|", "|"): row[at] for row in body}


def differences(client, now, rows):
    """Returns a line for each cell that differs from the table."""
    known = written(client)
    words = {name: row[0] for name, row in rows.items()}
    lines = [
        f"{words[name]}: {cell}, but docs/clients.md says {known.get(words[name])}"
        for name, cell in now.items()
        if cell != known.get(words[name])
    ]
    lines += [f"{row}: is in docs/clients.md and is no fault" for row in known if row not in words.values()]
    return lines
