"""Writes text as one gzip member, as BGZF or as it is.

Text comes in pieces. `pack` compresses a piece by itself and `append` writes it, so a caller can compress a piece once and
write it many times: a file of 10 GB takes seconds instead of minutes. A decoder does the same work as for a file
without repetitions, because the same text comes again only far outside the 32 KiB in which deflate finds matches.
Knows nothing of logs.
"""

import struct
import zlib

LEVEL = 6
# The text of a BGZF block is at most this long, as in bgzip, so that a block fits 64 KiB even if it does not compress.
BLOCK = 0xFF00
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def deflate(text, mode):
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(text) + compressor.flush(mode)


class Plain:
    """A file without compression."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def pack(self, text):
        return b""

    def append(self, text, packed):
        self.file.write(text)

    def close(self):
        self.file.close()


class Gzip:
    """A file with a single gzip member. Each piece ends with an empty block of 5 bytes, which does not end the member."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.file.write(bytes.fromhex("1f8b08000000000000ff"))
        self.crc, self.length = 0, 0

    def pack(self, text):
        return deflate(text, zlib.Z_SYNC_FLUSH)

    def append(self, text, packed):
        self.file.write(packed)
        self.crc = zlib.crc32(text, self.crc)
        self.length += len(text)

    def close(self):
        self.file.write(deflate(b"", zlib.Z_FINISH) + struct.pack("<II", self.crc, self.length & 0xFFFFFFFF))
        self.file.close()


class Bgzf:
    """A file of small gzip members, each with its own length in an extra field named BC, and an empty one at the end."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def pack(self, text):
        return b"".join(self.block(text[start:start + BLOCK]) for start in range(0, len(text), BLOCK))

    def block(self, text):
        body = deflate(text, zlib.Z_FINISH)
        # The length of a block is stored less one: 18 bytes of header, the body and 8 bytes of trailer.
        header = bytes.fromhex("1f8b08040000000000ff060042430200") + struct.pack("<H", len(body) + 25)
        return header + body + struct.pack("<II", zlib.crc32(text), len(text))

    def append(self, text, packed):
        self.file.write(packed)

    def close(self):
        self.file.write(BGZF_END)
        self.file.close()


FORMATS = {"gzip": Gzip, "bgzf": Bgzf, "plain": Plain}
