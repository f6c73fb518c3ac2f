"""What is downloaded: the URLs, the number of connections, and the files that must be there afterwards."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import ascii_lowercase

# The files of the long list.
MANY = 20_000


@dataclass
class Work:
    name: str
    urls: list
    connections: int
    # The files that nginx has, by name. The last part of each URL is the name of its file.
    files: dict
    # The options that select the same files in flags.
    options: list
    # The path of the flags on the server, for flags.
    path: str | None = None
    # A folder with just these files.
    folder: Path | None = None

    def difference(self, dest):
        """Returns how the files in a folder differ from those of nginx. An empty text means that they are the same."""
        expected = {url.rsplit("/", 1)[1] for url in self.urls} & self.files.keys()
        saved = {path.name: path.read_bytes() for path in dest.iterdir()}
        wrong = [name for name, content in saved.items() if self.files.get(name) != content]
        missing = expected - saved.keys()
        parts = [f"{len(missing)} missing"] * bool(missing) + [f"{len(wrong)} wrong"] * bool(wrong)
        return ", ".join(parts)


def all_works(site):
    every = ["".join(letters) for letters in product(ascii_lowercase, repeat=2)]
    flags = [code for code in every if f"{code}.gif" in site.files]

    def of_codes(name, codes, connections, options):
        urls = [f"{site.base}/flags/{code}/{code}.gif" for code in codes]
        return Work(name, urls, connections, site.files, options, path="/flags")

    yield of_codes("194 flags, 30 connections", flags, 30, ["-a"])
    yield of_codes("676 codes, of which 482 are missing, 30 connections", every, 30, ["-e"])
    yield of_codes("one flag", ["br"], 1, ["br"])

    many = site.with_copies(MANY)
    urls = [f"{site.base}/many/{name}" for name in many.files]
    urls_file = many.folder.parent / "many.urls"
    urls_file.write_text("".join(f"{url}\n" for url in urls))
    for connections in (30, 1000):
        name = f"{MANY:,} files, {connections:,} connections"
        yield Work(name, urls, connections, many.files, ["--input", str(urls_file)], folder=many.folder)
