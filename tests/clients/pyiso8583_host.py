"""A small acquirer's host, written with pyiso8583: a second reading of the link's profile.

Speaks ISO 8583:1987 over TCP, each message after its length in two bytes, big-endian. It is
not the simulator and keeps no accounts: it signs on, echoes, approves or declines by the card
number, confirms captures and reversals, and prints what it saw, one JSON object per line.

    python pyiso8583_host.py --listen 127.0.0.1:0 --encoding ascii

First line: {"event":"listening","host":"127.0.0.1","port":40123,"encoding":"ascii"}. After it,
for each message, {"event":"message","direction":"in"|"out","type":"0100","fields":{…},"de48":{…}},
with the card number and the card's code masked; {"event":"unreadable", "error":…} for a message that
cannot be decoded; "connected", "disconnected". It ends when asked to, or when standard input ends
with --until-stdin-closes.
"""

import argparse
import json
import pathlib
import re
import signal
import socketserver
import sys
import threading

import iso8583

SPEC_FILE = pathlib.Path(__file__).with_name("florin87_pyiso8583.json")
MESSAGE_BYTES_MAX = 4096
FRAME_HEAD_BYTES = 2
# Frames that cannot be parsed at all, after which the connection is given up.
UNREADABLE_MAX = 3

# What the host answers to a request over a card, by its number. Every other number that passes the
# Luhn check is approved; one that does not is code 14, no such card.
DECLINED = {
    "4012001038488884": "51",  # insufficient funds
    "5105105105105100": "05",  # do not honor
    "4000000000000002": "43",  # stolen card
}
# Never answered, so that the gateway's time-out can be seen.
SILENT = {"4000000000000119"}

# Elements that an answer repeats when the request had them.
ECHOED = ("3", "4", "7", "11", "32", "33", "37", "41", "42", "49", "70", "95")
# Elements without which a request cannot be answered, by its class.
NEEDED = {
    "1": ("2", "3", "4", "7", "11", "32", "37", "41", "42", "48", "49"),
    "2": ("2", "3", "4", "7", "11", "32", "37", "41", "42", "48", "49"),
    "4": ("2", "3", "4", "7", "11", "32", "37", "41", "42", "48", "49", "90"),
    "8": ("7", "11", "32", "70"),
}
ANSWER_TYPE = {
    "0100": "0110", "0120": "0130", "0121": "0130",
    "0200": "0210", "0220": "0230", "0221": "0230",
    "0400": "0410", "0420": "0430", "0421": "0430",
    "0800": "0810",
}  # fmt: skip
NETWORK_CODES = ("001", "002", "301")
BUSINESS_DATE = "1123"


class Host(socketserver.ThreadingTCPServer):
    """Listens for gateways; one thread per connection."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address, encoding: str):
        self.encoding = encoding
        self.spec = json.loads(SPEC_FILE.read_text())[encoding]
        self._printing = threading.Lock()
        super().__init__(address, Connection)

    def tell(self, event: str, **facts):
        with self._printing:
            print(json.dumps({"event": event, **facts}), flush=True)


class Connection(socketserver.StreamRequestHandler):
    """One connection of a gateway: financial messages are answered only once it has signed on."""

    disable_nagle_algorithm = True

    def handle(self):
        self.signed_on = False
        self.server.tell("connected")
        unreadable = 0
        while unreadable < UNREADABLE_MAX and (frame := self._read_frame()) is not None:
            try:
                request, _ = iso8583.decode(frame, self.server.spec)
            except iso8583.DecodeError as error:
                unreadable += 1
                self.server.tell("unreadable", error=str(error), bytes=len(frame))
                continue
            self.server.tell("message", direction="in", **_masked(request))
            answer = self._answer(request)
            if answer is not None:
                self._send(answer)
        self.server.tell("disconnected")

    def _read_frame(self) -> bytes | None:
        """The next message; `None` when the connection has ended or its framing is lost."""
        while True:
            head = self.rfile.read(FRAME_HEAD_BYTES)
            if len(head) < FRAME_HEAD_BYTES:
                return None
            length = int.from_bytes(head, "big")
            if length > MESSAGE_BYTES_MAX:
                self.server.tell("unreadable", error="framing lost", bytes=length)
                return None
            # An empty frame keeps a connection alive and is no message.
            if length:
                body = self.rfile.read(length)
                return body if len(body) == length else None

    def _answer(self, request: dict) -> dict | None:
        kind = ANSWER_TYPE.get(request["t"])
        if kind is None:
            return None
        if request["t"] != "0800" and not self.signed_on:
            # Before the sign-on only network management is allowed.
            return None
        answer = {"t": kind, **{de: request[de] for de in ECHOED if de in request}}
        missing = [de for de in NEEDED[request["t"][1]] if de not in request]
        if missing:
            return answer | {"39": "30", "44": missing[0].zfill(3)}
        if request["t"] == "0800":
            return self._network(request, answer)
        try:
            tags = read_de48(request["48"])
        except ValueError:
            return answer | {"39": "30", "44": "048"}
        if request["2"] in SILENT and request["t"] in ("0100", "0200"):
            return None
        return _financial(request, tags, answer | {"15": BUSINESS_DATE})

    def _network(self, request: dict, answer: dict) -> dict:
        code = request["70"]
        if code == "001":
            self.signed_on = True
        elif code == "002":
            self.signed_on = False
        if "48" in request:
            answer["48"] = request["48"]
        return answer | {"39": "00" if code in NETWORK_CODES else "12"}

    def _send(self, answer: dict):
        message, _ = iso8583.encode(dict(answer), self.server.spec)
        self.server.tell("message", direction="out", **_masked(answer))
        self.wfile.write(len(message).to_bytes(FRAME_HEAD_BYTES, "big") + bytes(message))


def _financial(request: dict, tags: dict, answer: dict) -> dict:
    """Requests are approved or declined; advices and reversals have happened and are confirmed."""
    if request["t"] not in ("0100", "0200"):
        return answer | {"39": "00"}
    code = "00" if _passes_luhn(request["2"]) else "14"
    code = DECLINED.get(request["2"], code)
    if code != "00":
        return answer | {"39": code}
    if request["t"] == "0200":
        return answer | {"39": "00", "38": _approval_code(request["11"])}
    results = {"63": "PY" + request["37"], "67": "C", "68": "528"}
    if tags.get("20") == "1":
        results["60"] = "M"
    return answer | {
        "39": "00",
        "38": _approval_code(request["11"]),
        "48": write_de48(results),
    }


def _approval_code(stan: str) -> str:
    # Text, not a number: it begins with a zero and holds a letter.
    return "0" + stan[-4:] + "P"


def _passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def read_de48(text: str) -> dict:
    """Tags of two characters, lengths of two digits, values; ascending, each at most once."""
    tags, rest = {}, text
    while rest:
        head = re.match(r"([0-9]{2})([0-9]{2})", rest)
        if not head or len(rest) < 4 + int(head[2]):
            raise ValueError("DE48 is not a sequence of tags")
        if tags and head[1] <= max(tags):
            raise ValueError("DE48 has its tags out of order")
        tags[head[1]] = rest[4 : 4 + int(head[2])]
        rest = rest[4 + int(head[2]) :]
    return tags


def write_de48(tags: dict) -> str:
    return "".join(f"{tag}{len(value):02}{value}" for tag, value in sorted(tags.items()))


def _masked(message: dict) -> dict:
    """Type, elements and tags for printing, without what must not be printed."""
    fields = {de: value for de, value in message.items() if de.isdigit() and de not in ("1", "48")}
    if "2" in fields:
        number = fields["2"]
        fields["2"] = f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"
    facts = {"type": message["t"], "fields": fields}
    if "48" in message:
        try:
            facts["de48"] = read_de48(message["48"])
            if "21" in facts["de48"]:
                facts["de48"]["21"] = "*" * len(facts["de48"]["21"])
        except ValueError:
            facts["de48"] = None
    return facts


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    arguments.add_argument("--encoding", choices=("ascii", "binary"), default="ascii")
    arguments.add_argument("--until-stdin-closes", action="store_true")
    given = arguments.parse_args()
    address, _, port = given.listen.rpartition(":")
    with Host((address, int(port)), given.encoding) as host:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        address, port = host.server_address
        host.tell("listening", host=address, port=port, encoding=given.encoding)
        if given.until_stdin_closes:
            threading.Thread(target=host.serve_forever, daemon=True).start()
            sys.stdin.read()
        else:
            host.serve_forever()


if __name__ == "__main__":
    main()
