"""A shop on the loopback address: takes notifications and shoppers who come back.

Not part of the gateway. It remembers every request, acknowledges notifications the way the
contract asks for (status 200, body `OK`), and shows a page to everyone else.
"""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from gateway import eventually

NOTIFICATION_PATH = "/notify"
# No order object comes near this; more is a fault of the gateway.
BODY_BYTES_MAX = 1024 * 1024

_PAGE = b"<!DOCTYPE html><html lang=en><title>The shop</title><h1>The shop</h1></html>"


@dataclass(frozen=True)
class Visit:
    """One request to the shop."""

    method: str
    host: str
    path: str
    query: dict
    headers: dict
    body: bytes


class Shop:
    """Listens from construction until `close`."""

    def __init__(self):
        self._lock = threading.Lock()
        self._visits: list[Visit] = []
        self._pages: dict[str, bytes] = {}
        shop = self

        class Handler(BaseHTTPRequestHandler):
            # The name of the callbacks is that of the library.
            def do_GET(self):
                self._answer(b"")

            def do_POST(self):
                length = int(self.headers.get("Content-Length", "0"))
                if length > BODY_BYTES_MAX:
                    self.send_error(413)
                    return
                self._answer(self.rfile.read(length))

            def _answer(self, body: bytes):
                url = urlsplit(self.path)
                query = parse_qs(url.query, keep_blank_values=True)
                headers = {name.lower(): value for name, value in self.headers.items()}
                page = shop._take(
                    Visit(self.command, headers.get("host", ""), url.path, query, headers, body)
                )
                self.send_response(200)
                is_text = url.path == NOTIFICATION_PATH
                self.send_header("Content-Type", "text/plain" if is_text else "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, visit: Visit) -> bytes:
        with self._lock:
            self._visits.append(visit)
        if visit.path == NOTIFICATION_PATH:
            return b"OK"
        return self._pages.get(visit.path, _PAGE)

    def show(self, path: str, page: str) -> str:
        """Puts a page of the shop's own at `path`; returns its address."""
        self._pages[path] = page.encode()
        return self.url + path

    def visits(self, path: str, order_id: str) -> list[Visit]:
        """Requests to `path` that name the order the way the contract does (`transactionid`)."""
        with self._lock:
            seen = list(self._visits)
        return [v for v in seen if v.path == path and v.query.get("transactionid") == [order_id]]

    def notifications(self, order_id: str) -> list[Visit]:
        return self.visits(NOTIFICATION_PATH, order_id)

    def notifications_when(self, order_id: str, condition, what: str) -> list[Visit]:
        """The order's notifications as soon as `condition` holds for their list."""
        return eventually(lambda: self.notifications(order_id), condition, what)

    def payment_options(self, method: str = "POST") -> dict:
        """Where the gateway shall notify and send the shopper; the addresses carry a query already."""
        return {
            "notification_url": f"{self.url}{NOTIFICATION_PATH}?type=notification",
            "notification_method": method,
            "redirect_url": f"{self.url}/thanks?type=redirect",
            "cancel_url": f"{self.url}/cart?type=cancel",
        }

    def close(self):
        self._server.shutdown()
        self._server.server_close()
