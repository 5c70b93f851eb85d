"""The running gateway against its own description: /openapi.json, by schemathesis.

Every operation is called with the examples, with data at the edges of its schemas, and with
random data, good and bad. Whatever comes back has to be in the description: no 5xx, no status,
content type or shape that it does not tell of, and nothing without the key that it asks for.

Not checked is that bad data are refused: the contract wants readers that take loose data.
"""

import json
import os
import urllib.error
import urllib.request

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from gateway import REQUEST_WAIT_S, Gateway

# Random requests for each operation; beside them come the examples and the edges.
EXAMPLES_MAX = 40
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.unsupported_method,
    checks.allow_header_conformance,
]
# What the document says of itself would be generated from itself.
# A stream goes on until its reader leaves, which schemathesis does not.
LEFT_OUT = "^/(openapi.json|docs|workbench/events|(test|internal)/.*/stream)$"

gateway = Gateway.from_environment()
OPERATOR = os.environ.get("FLORIN_INTERNAL__TOKEN", "")


def _document() -> dict:
    with urllib.request.urlopen(f"{gateway.base_url}/openapi.json", timeout=REQUEST_WAIT_S) as answer:
        return json.load(answer)


def _closed(schema, document: dict, seen: set):
    """An answer may have the members that it is said to have, and no others. The document leaves
    that open, so that clients do not break when an answer grows; here it is a finding."""
    if isinstance(schema, list):
        for it in schema:
            _closed(it, document, seen)
        return
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        seen.add(name)
        _closed(document["components"]["schemas"][name], document, seen)
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    for key, value in schema.items():
        if key in ("examples", "enum", "const"):
            continue
        _closed(list(value.values()) if key == "properties" else value, document, seen)


def _strict(document: dict) -> dict:
    seen: set = set()
    for path in document["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    _closed(content.get("schema"), document, seen)
    assert {"Order", "CreatedOrder", "Case"} <= seen, seen
    return document


DOCUMENT = _document()
schema = schemathesis.openapi.from_dict(_strict(_document()))
schema.config.update(base_url=gateway.base_url)
schema.config.generation.update(modes=list(GenerationMode), with_security_parameters=False)
schema = schema.exclude(path_regex=LEFT_OUT)


@pytest.fixture(autouse=True)
def some_orders():
    """What the examples name: a paid order and one that waits to be captured. Nothing of the
    operation before is left, no fault either."""
    gateway.forget_everything()
    for number, capture in (("1", None), ("2", "manual")):
        answer = gateway.create(_order(f"my-order-id-{number}", capture))
        assert answer.status == 200 and answer.body["success"] is True, answer


def _order(order_id: str, capture) -> dict:
    return {
        "type": "direct",
        "order_id": order_id,
        "currency": "EUR",
        "amount": 1000,
        "gateway": "CREDITCARD",
        "description": "product description",
        "capture": capture,
        "customer": {"email": "ada@shop.example", "country": "NL"},
        "payment_options": {"redirect_url": "https://shop.example/thanks"},
        "gateway_info": {
            "card_number": "4111111111111111",
            "card_holder_name": "Ada",
            "card_expiry_date": "3012",
            "card_cvc": "123",
        },
    }


@schema.parametrize()
@settings(
    max_examples=EXAMPLES_MAX,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_described(case):
    key = OPERATOR if case.path.startswith("/internal/") else gateway.api_key
    headers = {"Authorization": f"Bearer {key}"}
    case.call_and_validate(checks=CHECKS, headers=headers, timeout=REQUEST_WAIT_S)


def _guarded() -> list[tuple[str, str]]:
    """The operations that ask for a key."""
    paths = DOCUMENT["paths"].items()
    return [(m.upper(), path) for path, it in paths for m, op in it.items() if op["security"]]


@pytest.mark.parametrize("method,path", _guarded(), ids=lambda it: it)
@pytest.mark.parametrize("headers", [{}, {"api_key": "of-nobody"}, {"Authorization": "Bearer x"}])
def test_nothing_is_told_without_the_key(method, path, headers):
    path = path.replace("{", "").replace("}", "")
    body = None if method == "GET" else b"{}"
    request = urllib.request.Request(gateway.base_url + path, method=method, headers=headers, data=body)
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=REQUEST_WAIT_S)
    with error.value as answer:
        assert answer.code == 401
        assert json.load(answer)["data"] == {}
