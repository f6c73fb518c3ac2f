"""Starts test-server for tests in Python. Needs nothing beside the standard library."""

import json
import os
import subprocess
import urllib.request

PROGRAM = os.environ.get("TEST_SERVER", "test-server")


class TestServer:
    """A running server with one plan."""

    __test__ = False  # not a class of tests

    def __init__(self, plan="", *options):
        command = [PROGRAM, "--serve", f"0={plan}", "--journal", "1000", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith('{"ready":'):
                (ready,) = json.loads(line)["ready"]
                self.url = ready["base"]
                return
        raise RuntimeError(f"{PROGRAM} has not started: exit code {self.process.wait()}")

    def control(self, path, method="GET", body=None):
        """Sends a request to a control path, such as /__stats, and returns the body of the response."""
        data = None if body is None else body.encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        with urllib.request.urlopen(request) as response:
            return response.read().decode()

    def set_plan(self, plan):
        self.control("/__plan", "PUT", plan)

    def requests(self, query=""):
        """Returns the requests that have come, such as those with the query method=POST&fault=reset."""
        return json.loads(self.control(f"/__requests?{query}"))

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
