"""Runs one of the libraries of Python, each with a timeout of 2 seconds:

    download.py LIBRARY get URL FILE [URL FILE]     downloads, on one connection if the server lets it
    download.py LIBRARY resume URL FILE ETAG        continues the download of a file, as the standard says
    download.py LIBRARY upload URL FILE BODY        sends the file BODY, and saves the answer
"""

import asyncio
import pathlib
import sys

TIMEOUT = 2
PIECE = 1 << 16


def request_of(action, url, path, last):
    """Returns method, URL, headers, body and file of a request, and whether it continues the file."""
    path = pathlib.Path(path)
    if action == "resume":
        return "GET", url, {"Range": f"bytes={path.stat().st_size}-", "If-Range": last}, None, path, True
    if action == "upload":
        return "POST", url, {}, pathlib.Path(last).read_bytes(), path, False
    return "GET", url, {}, None, path, False


def requests_of(arguments):
    action, *rest = arguments
    if action == "get":
        return [request_of(action, rest[i], rest[i + 1], None) for i in range(0, len(rest), 2)]
    return [request_of(action, *rest)]


def mode(status, continues):
    """A 206 is the rest of the file; any other success is the whole."""
    return "ab" if continues and status == 206 else "wb"


def with_requests(wanted):
    import requests

    with requests.Session() as session:
        for method, url, headers, body, path, continues in wanted:
            options = {"headers": headers, "data": body, "stream": True, "timeout": TIMEOUT}
            with session.request(method, url, **options) as response:
                response.raise_for_status()
                with open(path, mode(response.status_code, continues)) as file:
                    for piece in response.iter_content(PIECE):
                        file.write(piece)


def with_httpx(wanted):
    import httpx

    with httpx.Client(follow_redirects=True, timeout=TIMEOUT) as client:
        for method, url, headers, body, path, continues in wanted:
            with client.stream(method, url, headers=headers, content=body) as response:
                response.raise_for_status()
                with open(path, mode(response.status_code, continues)) as file:
                    for piece in response.iter_bytes():
                        file.write(piece)


def with_aiohttp(wanted):
    import aiohttp

    async def download():
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session:
            for method, url, headers, body, path, continues in wanted:
                async with session.request(method, url, headers=headers, data=body) as response:
                    with open(path, mode(response.status, continues)) as file:
                        async for piece in response.content.iter_chunked(PIECE):
                            file.write(piece)

    asyncio.run(download())


if __name__ == "__main__":
    library, *arguments = sys.argv[1:]
    try:
        {"requests": with_requests, "httpx": with_httpx, "aiohttp": with_aiohttp}[library](requests_of(arguments))
    except Exception as error:
        # An exit code of 1 and the name of the exception, without the lines of a traceback.
        sys.exit(type(error).__name__)
