"""What each fault is put to: a fault of ranges says nothing about a client that asks for the whole."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Scenario:
    """What a client does in a cell."""

    name: str
    # What the table says of it.
    words: str


GET = Scenario("get", "one download")
AGAIN = Scenario("again", "two downloads, one after the other, each by a new process; `;` between their results")
TOGETHER = Scenario("together", "two downloads at the same time, by two processes; `&` between their results")
PAIR = Scenario("pair", "two files, one after the other, by one process")
RESUME = Scenario("resume", "a download continued behind its first 1000 bytes, of which the client knows the ETag")
RESUME_OLD = Scenario("resume-old", "the same, but the first 1000 bytes are those of an older file with another ETag")
UPLOAD = Scenario("upload", "a POST of 3000 bytes, which the answer repeats")
ALL = [GET, AGAIN, TOGETHER, PAIR, RESUME, RESUME_OLD, UPLOAD]

# Faults that need an argument or another one beside them, whose default is too large for a run of every client, or that concern
# more than one download.
ROWS = {
    "delay": ("delay=100ms", GET),
    "hold": ("hold=2", TOGETHER),
    "read-slowly": ("read-slowly=3000", UPLOAD),
    "transient": ("close+transient=1", AGAIN),
    "seq": ("seq(503,ok)", AGAIN),
    "limit": ("limit=1/h", AGAIN),
    # The first one waits until the second one is there, so that both have a connection.
    "connections": ("hold=2+connections=1", TOGETHER),
    "status": ("status=503", GET),
    "retry-after": ("status=503+retry-after=1s", GET),
    "reason": ('status=503+reason="x"', GET),
    "huge": ("huge=1000000", GET),
    "range-ignored": ("range-ignored", RESUME),
    "range-wrong": ("range-wrong", RESUME),
    "etag-changes": ("etag-changes", RESUME_OLD),
    "if-range-lies": ("if-range-lies", RESUME_OLD),
    "content-type": ('content-type="text/html"', GET),
    "content-encoding": ('content-encoding="gzip"', GET),
    "slow-head": ("slow-head=5ms", GET),
    "bandwidth": ("bandwidth=10000", GET),
    # At the default rate it depends on the machine whether a client that reads on ever looks at the clock.
    "endless-1xx": ("endless-1xx=100000", GET),
    # Closed at once, it depends on the machine whether a client sees the end before it sends its next request.
    "stale": ("stale=1@500ms", PAIR),
}

# Only the content tells that something is wrong: no client can know without knowing what it downloads.
UNDETECTABLE = {
    *["empty", "html", "gif-cut", "gif-trailing", "corrupt", "huge", "gzip-bomb", "gzip-cut", "wrong-charset"],
    "truncate-unframed",
}

# A fault that would fill the disk before a client looks at the clock meets it through a proxy, at this rate.
SLOWED = {"endless"}
SLOW = 5_000_000

# How many bytes of a file are there when a download is continued, and of an upload.
BEGINNING = 1000
UPLOADED = 3000


def rows(names):
    """Returns for each of these faults its words in a plan and its scenario."""
    # Those of TLS need a client that trusts the server, and those of TCP a proxy.
    plain = [name for name in names if not name.startswith(("tls-", "tcp-")) or name == "tls-alert"]
    return {name: ROWS.get(name, (name, GET)) for name in plain}
