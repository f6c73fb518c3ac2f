"""A client with retries, tested against faults: TEST_SERVER=target/debug/test-server pytest test-server/examples/python"""

import http.client
import json
import urllib.error
import urllib.request

import pytest

from server import TestServer


def post_order(url, order, attempts=4):
    """The client to test: posts an order and tries again when that may help."""
    data = json.dumps(order).encode()
    headers = {"Content-Type": "application/json"}
    for attempt in range(1, attempts + 1):
        request = urllib.request.Request(url + "/anything/orders", data, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)["json"]
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == attempts:
                raise
        # A cut body is neither an OSError nor a ValueError.
        except (OSError, ValueError, http.client.HTTPException):
            if attempt == attempts:
                raise


@pytest.fixture
def server():
    server = TestServer("", "--httpbin")
    yield server
    server.stop()


@pytest.mark.parametrize("fault", ["status=503", "reset", "close-body=5", "garbage", "truncate-chunked=3"])
def test_an_order_arrives_despite_two_failures(server, fault):
    server.set_plan(f"100:{fault}+transient=2")
    assert post_order(server.url, {"item": 5}) == {"item": 5}
    requests = server.requests("method=POST&path=/anything/orders")
    assert len(requests) == 3
    assert all(json.loads(request["body"]) == {"item": 5} for request in requests)


def test_a_refused_order_is_not_sent_again(server):
    server.set_plan("100:status=422")
    with pytest.raises(urllib.error.HTTPError):
        post_order(server.url, {"item": 5})
    assert len(server.requests("status=422")) == 1
