"""Makes the lines of Apache logs, always the same ones from the same seed.

The cost of finding robots depends on how well a log compresses, so there are two kinds. `common` has random hosts and
paths and compresses about 4.6 times. `combined` has visits: a few hosts at a time, each with its browser and the pages
it comes from. It compresses about 15.7 times, like the logs of real servers.

Only the 1,500 hosts of `Site.robots` request exactly /robots.txt. Others come close on purpose (a query string, another
folder, only the referer), so that a program which merely searches for the text gives a wrong answer.
Knows nothing of files.
"""

import random

KINDS = ("common", "combined")
# About 1.0 MB of common lines and 2.5 MB of combined lines.
SEGMENT_LINES = 10_000
ROBOT_HOSTS = 1_500
# One request in this many is for /robots.txt, and one in five times as many comes close.
LINES_PER_ROBOT = 400
# Lines of one visit, and how many visits take turns: the host of a line is usually in the window of the compressor.
VISIT_LINES, VISITS_AT_A_TIME = 24, 4

STAMPS = [f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}" for second in range(86_400)]
SYLLABLES = "al be cor da en fi gra ho in ju ka lo ma ne or pa qui ra so ta ul vi wo xe yo zu".split()
STATUSES = ["200"] * 88 + ["304"] * 6 + ["404"] * 4 + ["301", "500"]
METHODS = ["GET"] * 19 + ["HEAD"]
CLOSE = ["/robots.txt?from=map", "/old/robots.txt", "/robots.txt.bak", "/robots.txt/", "//robots.txt"]
SYSTEMS = ["Windows NT 6.1; WOW64", "Windows NT 6.1", "Macintosh; Intel Mac OS X 10_7_4", "X11; Linux x86_64"]


class Site:
    """What the logs of one server have in common: its hosts, pages and browsers."""

    def __init__(self, seed):
        rng = random.Random(f"{seed} site")
        self.hosts = [f"{rng.randint(70, 223)}.{byte(rng)}.{byte(rng)}.{byte(rng)}" for _ in range(30_000)]
        self.robots = sorted({robot(number) for number in range(ROBOT_HOSTS)})
        words = ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 5))) for _ in range(2_000)]
        self.random_paths = [f"/books/{rng.choice(words[:1_000])}/{rng.choice(words)}.html" for _ in range(60_000)]
        self.pages = [f"/{rng.choice(words[:30])}/{rng.choice(words[:300])}.html" for _ in range(1_000)]
        self.page_weights = [1 / rank for rank in range(1, len(self.pages) + 1)]
        self.sizes = [rng.randint(200, 60_000) for _ in self.pages]
        self.agents = [agent(rng) for _ in range(200)]


def byte(rng):
    return rng.randint(0, 255)


def robot(number):
    """Returns the host of one robot: an address of version 4 or 6, or a name."""
    high, low = divmod(number, 250)
    return [f"66.249.{high}.{low}", f"2001:db8:{high:x}::{low:x}", f"crawl-66-249-{high}-{low}.search.example"][number % 3]


def agent(rng):
    system, version = rng.choice(SYSTEMS), f"{rng.randint(15, 21)}.0.{rng.randint(1000, 1200)}.{rng.randint(1, 99)}"
    return f"Mozilla/5.0 ({system}) AppleWebKit/537.1 (KHTML, like Gecko) Chrome/{version} Safari/537.1"


def stamps(day, start, count, lines_in_day):
    """Yields the times of `count` lines from line `start` on, spread evenly over the day."""
    month = ("Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[day // 28 % 6]
    for line in range(start, start + count):
        yield f"{day % 28 + 1:02}/{month}/2012:{STAMPS[line * 86_400 // lines_in_day % 86_400]} -0500"


def common(rng, site, times):
    """Returns the fields of common lines: host, time, method, path, status and size, and nothing more."""
    count = len(times)
    sizes = [rng.randint(200, 60_000) for _ in range(count)]
    fields = (rng.choices(site.hosts, k=count), times, rng.choices(METHODS, k=count),
              rng.choices(site.random_paths, k=count), rng.choices(STATUSES, k=count), sizes, [""] * count)
    return [list(line) for line in zip(*fields)]


def combined(rng, site, times):
    """Returns the fields of combined lines: those of common lines, then referer and user agent."""
    count = len(times)
    visits = [(rng.choice(site.hosts), rng.choice(site.agents)) for _ in range(count // VISIT_LINES + VISITS_AT_A_TIME)]
    pages = rng.choices(range(len(site.pages)), weights=site.page_weights, k=count)
    lines = []
    for line, (time, page) in enumerate(zip(times, pages)):
        host, browser = visits[line // VISIT_LINES + int(rng.random() * VISITS_AT_A_TIME)]
        referer = site.pages[pages[line - 1]]
        tail = f' "http://www.gallery.example{referer}" "{browser}"'
        lines.append([host, time, "GET", site.pages[page], "200", site.sizes[page], tail])
    return lines


def segment(rng, site, kind, times, visitors=()):
    """Returns the text of as many lines as there are times, and the set of hosts that request /robots.txt in it.

    Each of `visitors` is among those hosts if there are enough lines; the others are random robots.
    """
    lines = {"common": common, "combined": combined}[kind](rng, site, times)
    count = len(lines)
    visitors = list(visitors)[:count]
    visitors += rng.choices(site.robots, k=max(0, count // LINES_PER_ROBOT - len(visitors)))
    for line, host in zip(rng.sample(range(count), len(visitors)), visitors):
        lines[line][0], lines[line][3], lines[line][6] = host, "/robots.txt", lines[line][6] and ' "-" "Robot/1.0"'
    for _ in range(count // LINES_PER_ROBOT // 5):
        line = rng.choice(lines)
        if line[3] == "/robots.txt":
            continue
        if line[6] and rng.random() < 0.5:
            line[6] = ' "http://www.gallery.example/robots.txt" "Robot/1.0"'
        else:
            line[3] = rng.choice(CLOSE)
    text = "".join(['%s - - [%s] "%s %s HTTP/1.1" %s %d%s\n' % tuple(line) for line in lines])
    return text.encode("ascii"), set(visitors)
