"""Downloads a URL to a file with a Python library: download.py LIBRARY URL FILE. Each has a timeout of 2 seconds."""

import asyncio
import sys

TIMEOUT = 2


def with_requests(url, file):
    import requests

    with requests.get(url, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        for piece in response.iter_content(1 << 16):
            file.write(piece)


def with_httpx(url, file):
    import httpx

    with httpx.stream("GET", url, follow_redirects=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        for piece in response.iter_bytes():
            file.write(piece)


def with_aiohttp(url, file):
    import aiohttp

    async def download():
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session:
            async with session.get(url) as response:
                async for piece in response.content.iter_chunked(1 << 16):
                    file.write(piece)

    asyncio.run(download())


if __name__ == "__main__":
    library, url, path = sys.argv[1:]
    try:
        with open(path, "wb") as file:
            {"requests": with_requests, "httpx": with_httpx, "aiohttp": with_aiohttp}[library](url, file)
    except Exception as error:
        # An exit code of 1 and the name of the exception, without the lines of a traceback.
        sys.exit(type(error).__name__)
