"""The host that is not ours, held to worked messages of the link's profile.

The bytes in `worked_messages.json` are test data: public test card numbers, made-up references.
"""

import json
import pathlib
import socket
import subprocess
import sys

import iso8583
import pytest

CLIENTS = pathlib.Path(__file__).parent.parent
WORKED = json.loads((CLIENTS / "worked_messages.json").read_text())
SPECS = json.loads((CLIENTS / "florin87_pyiso8583.json").read_text())
ANSWER_WAIT_S = 5


class _Peer:
    """The host as a process of its own, and one connection to it."""

    def __init__(self, encoding: str):
        self.encoding = encoding
        self._process = subprocess.Popen(
            [
                sys.executable, CLIENTS / "pyiso8583_host.py",
                "--encoding", encoding, "--until-stdin-closes",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        listening = json.loads(self._process.stdout.readline())
        assert listening["event"] == "listening" and listening["encoding"] == encoding
        self._socket = socket.create_connection((listening["host"], listening["port"]), ANSWER_WAIT_S)

    def send(self, message: bytes):
        self._socket.sendall(len(message).to_bytes(2, "big") + message)

    def receive(self) -> bytes:
        length = int.from_bytes(self._exactly(2), "big")
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = self._socket.recv(count - len(got))
            assert more, "the host has closed the connection"
            got += more
        return got

    def worked(self, name: str) -> bytes:
        return bytes.fromhex(WORKED[name][self.encoding])

    def ask(self, name: str) -> bytes:
        self.send(self.worked(name))
        return self.receive()

    def read(self, message: bytes) -> dict:
        return iso8583.decode(message, SPECS[self.encoding])[0]

    def close(self) -> list[dict]:
        """Ends the host; gives back what it has printed."""
        self._socket.close()
        printed, _ = self._process.communicate(timeout=ANSWER_WAIT_S)
        assert self._process.returncode == 0
        return [json.loads(line) for line in printed.splitlines()]


@pytest.fixture(params=["ascii", "binary"])
def host(request):
    peer = _Peer(request.param)
    yield peer
    if peer._process.poll() is None:
        peer.close()


@pytest.mark.parametrize("name", ["capture", "reversal_repeat", "partial_reversal", "sign_off"])
def test_the_host_answers_the_worked_bytes(host, name):
    assert host.ask("sign_on") == host.worked("sign_on_answer")
    assert host.ask(name) == host.worked(f"{name}_answer")


def test_the_host_approves_and_matches_the_request(host):
    host.ask("sign_on")
    request = host.read(host.worked("authorization"))
    answer = host.read(host.ask("authorization"))
    assert (answer["t"], answer["39"]) == ("0110", "00")
    assert all(answer[de] == request[de] for de in ("3", "4", "7", "11", "32", "37", "41", "42", "49"))
    assert answer["38"] == "00101P" and "2" not in answer
    assert answer["48"].startswith("6001M63")


def test_the_host_declines_by_the_number(host):
    host.ask("sign_on")
    request = host.read(host.worked("authorization"))
    for number, code in [("4012001038488884", "51"), ("4111111111111112", "14")]:
        request["2"] = number
        host.send(bytes(iso8583.encode(dict(request), SPECS[host.encoding])[0]))
        answer = host.read(host.receive())
        assert (answer["t"], answer["39"]) == ("0110", code)
        assert "38" not in answer


def test_nothing_financial_is_answered_before_the_sign_on(host):
    host.send(host.worked("authorization"))
    assert host.ask("echo") and host.read(host.ask("sign_on"))["39"] == "00"


def test_a_malformed_request_is_told_by_its_element(host):
    host.ask("sign_on")
    request = host.read(host.worked("authorization"))
    for change, element in [({"48": "01"}, "048"), ({"42": None}, "042")]:
        changed = {de: value for de, value in (request | change).items() if value is not None}
        host.send(bytes(iso8583.encode(changed, SPECS[host.encoding])[0]))
        answer = host.read(host.receive())
        assert (answer["39"], answer["44"]) == ("30", element)


def test_the_host_prints_what_it_saw_without_card_data(host):
    host.ask("sign_on")
    host.ask("authorization")
    host.send(b"\xff" * 20)
    host.ask("sign_off")
    printed = host.close()
    assert [it["bytes"] for it in printed if it["event"] == "unreadable"] == [20]
    messages = [it for it in printed if it["event"] == "message"]
    assert [(it["direction"], it["type"]) for it in messages] == [
        ("in", "0800"), ("out", "0810"), ("in", "0100"), ("out", "0110"),
        ("in", "0800"), ("out", "0810"),
    ]  # fmt: skip
    assert messages[2]["fields"]["2"] == "411111******1111"
    assert messages[2]["de48"]["06"] == "my-order-id-1" and messages[2]["de48"]["21"] == "***"
    assert "4111111111111111" not in json.dumps(printed)
