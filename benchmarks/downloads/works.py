"""What is downloaded: the codes, the number of connections, and the files that must be there afterwards."""

from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase


@dataclass
class Work:
    name: str
    base: str
    codes: list
    connections: int
    # The flags that nginx has, by file name.
    files: dict
    # The options that select these codes in flags.
    options: list

    def urls(self):
        return [f"{self.base}/{code}/{code}.gif" for code in self.codes]

    def difference(self, dest):
        """Returns how the files in a folder differ from those of nginx. An empty text means that they are the same."""
        expected = {f"{code}.gif" for code in self.codes} & self.files.keys()
        saved = {path.name: path.read_bytes() for path in dest.iterdir()}
        wrong = [name for name, content in saved.items() if self.files.get(name) != content]
        missing = expected - saved.keys()
        parts = [f"{len(missing)} missing"] * bool(missing) + [f"{len(wrong)} wrong"] * bool(wrong)
        return ", ".join(parts)


def all_works(site):
    every = ["".join(letters) for letters in product(ascii_lowercase, repeat=2)]
    flags = [code for code in every if f"{code}.gif" in site.files]

    def work(name, codes, connections, options):
        return Work(name, site.base, codes, connections, site.files, options)

    return [
        work("194 flags, 30 connections", flags, 30, ["-a"]),
        work("676 codes, of which 482 are missing, 30 connections", every, 30, ["-e"]),
        work("one flag", ["br"], 1, ["br"]),
    ]
