"""The running gateway, as a shop reaches it: HTTP, its API key, JSON.

Not a client library: bodies go out and come back as they are, so that a suite can look at
what the official clients hide (members of an answer, statuses, error envelopes).
"""

import json
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

# An answer that takes longer than a shop would wait for it is a failure.
REQUEST_WAIT_S = 30
# How long something that happens after an answer (a notification, a capture) may take.
AFTERMATH_WAIT_S = 15
AFTERMATH_POLL_S = 0.1


@dataclass(frozen=True)
class Answer:
    """An HTTP answer whose body was JSON."""

    status: int
    body: dict

    @property
    def data(self):
        return self.body["data"]


class Gateway:
    """Where the gateway listens, and the key of its test site."""

    def __init__(self, base_url: str, api_key: str):
        self.base_url = base_url.rstrip("/")
        self.api_key = api_key

    @classmethod
    def from_environment(cls) -> "Gateway":
        """The one that FLORIN_BASE_URL and FLORIN_TEST_API_KEY tell of."""
        missing = [n for n in ("FLORIN_BASE_URL", "FLORIN_TEST_API_KEY") if not os.environ.get(n)]
        if missing:
            raise SystemExit(
                f"{' and '.join(missing)} must be set: start a gateway first, or run `cargo xtask test`"
            )
        return cls(os.environ["FLORIN_BASE_URL"], os.environ["FLORIN_TEST_API_KEY"])

    def call(self, method: str, path: str, body=None) -> Answer:
        """Calls `path` with the site's key; an error status is an answer like any other."""
        request = urllib.request.Request(
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"api_key": self.api_key, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_WAIT_S) as answer:
                return Answer(answer.status, json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, json.load(error))

    def create(self, order: dict) -> Answer:
        return self.call("POST", "/v1/json/orders", order)

    def order(self, order_id: str) -> dict:
        """The order object as it now is."""
        answer = self.call("GET", f"/v1/json/orders/{order_id}")
        assert answer.status == 200, answer
        return answer.data

    def order_when(self, order_id: str, condition, what: str) -> dict:
        """The order object as soon as `condition` holds for it."""
        return eventually(lambda: self.order(order_id), condition, what)

    def advance_clock(self, seconds: int):
        """Lets time pass for the test site."""
        answer = self.call("POST", "/test/clock/advance", {"seconds": seconds})
        assert answer.status == 200 and answer.body["success"] is True, answer

    def forget_everything(self):
        """Empties the test site: orders, notifications, and the host's books."""
        answer = self.call("DELETE", "/test/data")
        assert answer.status == 200 and answer.body["success"] is True, answer

    def hosts_books(self, order_id: str) -> list[dict]:
        """What the acquirer's host has in its own books for the order."""
        answer = self.call("GET", "/test/host")
        assert answer.status == 200 and answer.body["success"] is True, answer
        return [entry for entry in answer.data if entry["order_id"] == order_id]


def eventually(look, condition, what: str):
    """Looks until `condition` holds; fails with what was seen last."""
    until = time.monotonic() + AFTERMATH_WAIT_S
    while True:
        seen = look()
        if condition(seen):
            return seen
        assert time.monotonic() < until, f"still not {what} after {AFTERMATH_WAIT_S} s: {seen}"
        time.sleep(AFTERMATH_POLL_S)


_ids = iter(range(1, 1_000_000))


def new_order_id() -> str:
    """An order id in the form that the official Python client's own tests use: seconds, a dot, digits."""
    return f"{int(time.time())}.{os.getpid() % 100_000:05}{next(_ids):04}"
