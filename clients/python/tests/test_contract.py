from __future__ import annotations

import dataclasses
import json
import urllib.request
from typing import Any, get_args

import pytest
from server import ROOT, Server

import fanfare
from fanfare import answers, call
from fanfare.errors import BY_CODE
from fanfare.notification import FIELDS


@pytest.fixture(scope="module")
def openapi(server: Server) -> Any:
    with urllib.request.urlopen(f"{server.url}/openapi.json", timeout=10) as response:  # noqa: S310
        return json.load(response)


def test_every_code_of_the_contract_has_its_error() -> None:
    codes = json.loads((ROOT / "proto/vectors/codes.json").read_text())["errors"]
    assert {code: error.http_status for code, error in BY_CODE.items()} == {
        each["code"]: each["http"] for each in codes
    }
    assert all(getattr(fanfare, error.__name__) is error for error in BY_CODE.values())


def test_a_notification_has_the_fields_of_the_reference(openapi: Any) -> None:
    schemas = openapi["components"]["schemas"]
    fields = set(schemas["NotificationRequest"]["properties"]) - {"to"} | set(schemas["Addressees"]["properties"])
    assert fields == FIELDS
    assert set(schemas["ActionRequest"]["properties"]) == set(fanfare.Action.__annotations__)
    assert set(schemas["ActorRequest"]["properties"]) == set(fanfare.Actor.__annotations__)
    said = schemas["NotificationRequest"]["properties"]["level"]["description"]
    assert all(f"`{level}`" in said for level in get_args(fanfare.Level))


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ("OutcomeView", answers.Outcome),
        ("AppendedView", answers.Appended),
        ("PublicationView", answers.Published),
        ("MintReply", answers.Token),
        ("WithdrawnView", answers.Withdrawn),
        ("WithdrawnPlace", answers.WithdrawnPlace),
        ("Trail", answers.Trail),
        ("Place", answers.Place),
        ("ReceiptView", answers.Receipt),
        ("Addressee", answers.Addressee),
        ("Delivered", answers.Delivered),
        ("NotDelivered", answers.NotDelivered),
        ("AckView", answers.Ack),
    ],
)
def test_an_answer_has_the_fields_of_the_reference(openapi: Any, schema: str, shape: Any) -> None:
    told = openapi["components"]["schemas"][schema]
    fields = {field for field in dataclasses.fields(shape) if not field.metadata.get("local")}
    # The client makes an error of an outcome's problem.
    assert {field.name for field in fields} == set(told["properties"]) - {"problem"}
    needed = {field.name for field in fields if field.default is dataclasses.MISSING}
    assert needed <= set(told["required"])


def test_every_call_is_a_route_of_the_reference(openapi: Any) -> None:
    for made in (
        call.notify({"all": True}, None),
        call.notify_many([], None),
        call.publish("x", 1, ephemeral=True, idempotency_key=None),
        call.mint_token("x", None, (), None, None),
        call.trail("{id}", None),
        call.cancel("{id}"),
    ):
        path = made.path.replace("%7Bid%7D", "{id}")
        assert made.method.lower() in openapi["paths"][path]
