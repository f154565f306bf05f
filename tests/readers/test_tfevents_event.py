"""One record: every encoding of a scalar, what is passed over, and what is no event."""

from __future__ import annotations

import math

import pytest

from rlcompare.readers.tfevents.event import MalformedEventError, parse_event, signed, varint
from tests.readers import tfevents_writer as w

VALUES = {
    "float16": -1.5,
    "float32": 0.1,
    "float64": 0.1,
    "int8": -100,
    "int16": -30_000,
    "int32": -(2**31),
    "int64": -(2**53),
    "uint8": 200,
    "uint16": 60_000,
    "uint32": 2**32 - 1,
    "uint64": 2**53,
    "bool": 1,
}


def scalars(payload: bytes) -> list[tuple[str, float]]:
    return [(scalar.tag.decode(), scalar.value) for scalar in parse_event(payload).scalars]


@pytest.mark.parametrize("dtype", VALUES)
@pytest.mark.parametrize("way", ["content", "packed", "unpacked"])
def test_every_tensor_encoding(dtype: str, way: str) -> None:
    content = w.number_tensor(dtype, VALUES[dtype], typed=way != "content", packed=way == "packed")
    [(tag, value)] = scalars(w.event(1, 1.7e9, w.tensor("a", content)))
    assert tag == "a"
    assert value == (pytest.approx(0.1, abs=1e-8) if dtype == "float32" else VALUES[dtype])


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize(("bits", "value"), [(0x3FC0, 1.5), (0xC2F7, -123.5), (0x7F80, math.inf), (0x0001, 2.0**-133)])
def test_bfloat16(bits: int, value: float, typed: bool) -> None:
    assert scalars(w.event(1, 1.7e9, w.tensor("a", w.bfloat16_tensor(bits, typed=typed)))) == [("a", value)]


def test_simple_values_of_one_event_in_their_order() -> None:
    event = parse_event(w.event(3, 1.5, w.simple("b", 2.5), w.simple("a", math.nan), w.simple("b", -math.inf)))
    assert [scalar.tag for scalar in event.scalars] == [b"b", b"a", b"b"]
    assert event.scalars[0].value == 2.5
    assert math.isnan(event.scalars[1].value)
    assert event.scalars[2].value == -math.inf
    assert (event.step, event.wall_time) == (3, 1.5)


@pytest.mark.parametrize("step", [0, 1, 127, 128, 16_383, 16_384, 2**31, 2**62, -1, -(2**63)])
def test_steps(step: int) -> None:
    assert parse_event(w.event(step, 1.0, w.simple("a", 1))).step == step


def test_a_missing_time_is_not_a_time() -> None:
    assert math.isnan(parse_event(w.event(1, None, w.simple("a", 1))).wall_time)


def test_scalars_without_metadata_are_taken_by_their_rank() -> None:
    number = w.number_tensor("float32", 2)
    assert scalars(w.event(1, 1.0, w.tensor("a", number, None))) == [("a", 2.0)]
    vector = w.number_tensor("float32", 2, dims=(1,))
    assert scalars(w.event(1, 1.0, w.tensor("a", vector, None))) == []
    assert scalars(w.event(1, 1.0, w.tensor("a", vector, "scalars"))) == [("a", 2.0)]


@pytest.mark.parametrize(
    "value",
    [
        w.tensor("a", w.number_tensor("float32", 1), "histograms"),
        w.tensor("a", w.text_tensor("PNG"), "images"),
        w.text("a", "words"),
        w.submessage(1, b"a") + w.submessage(5, b"\x09" + bytes(8)),
        w.submessage(1, b"a") + w.submessage(4, b"\x08\x01"),
        w.submessage(1, b"a"),
    ],
    ids=["histograms", "images", "text", "old histogram", "old image", "nothing"],
)
def test_other_plugins_are_passed_over_in_silence(value: bytes) -> None:
    event = parse_event(w.event(1, 1.0, value, w.simple("b", 1)))
    assert [scalar.tag for scalar in event.scalars] == [b"b"]
    assert event.faults == []


@pytest.mark.parametrize(
    ("content", "came"),
    [
        (w.number_tensor("float32", 1, dims=(2,)), "2 elements"),
        (w.text_tensor("x"), "strings"),
        (b"\x08\x08", "data type 8"),
        (b"\x08\x01" + w.submessage(4, b"abc"), "3 bytes of a 4-byte number"),
        (b"\x08\x01" + w.submessage(5, bytes(8)), "8 bytes of a 4-byte number"),
        (b"\x08\x03" + w.submessage(7, b"\x01\x02"), "several values"),
        (b"\x08\x03\x38\x01\x38\x02", "2 values"),
        (b"\x08\x01", "nothing"),
    ],
)
def test_what_is_no_number_under_the_scalars_plugin_is_a_fault(content: bytes, came: str) -> None:
    event = parse_event(w.event(1, 1.0, w.tensor("loss", content)))
    assert event.scalars == []
    [fault] = event.faults
    assert "'loss'" in fault
    assert came in fault


def test_a_scalar_without_a_tag_is_a_fault() -> None:
    for value in (w.simple("", 1), w.simple("x", 1)[3:], w.submessage(8, w.number_tensor("float32", 1))):
        event = parse_event(w.event(1, 1.0, value))
        assert (event.scalars, event.faults) == ([], ["expected a tag with a scalar, came none"])


def test_texts_and_hparams() -> None:
    hparams = w.submessage(1, b"_hparams_/session_start_info") + w.plugin("hparams", b"content")
    event = parse_event(w.event(0, 1.0, w.text("args/text_summary", '{"lr": 1}'), hparams))
    assert event.texts == [("args/text_summary", b'{"lr": 1}')]
    assert event.hparams == [b"content"]


def test_of_fields_that_exclude_each_other_the_last_stands() -> None:
    both = w.simple("a", 1) + w.submessage(8, w.number_tensor("float64", 2)) + w.plugin("scalars")
    event = parse_event(w.event(1, 1.0, both))
    assert [(scalar.tag, scalar.value) for scalar in event.scalars] == [(b"a", 2.0)]
    assert not event.plain


@pytest.mark.parametrize(
    "payload",
    [b"\x09abc", b"\x2a\x05abc", b"\x0b", b"\x10" + b"\x80" * 11, b"\x10\x80", b"\x2a\x02\x0a\x05", b"\xff" * 12],
)
def test_what_is_no_event(payload: bytes) -> None:
    with pytest.raises(MalformedEventError, match="expected"):
        parse_event(payload)


def test_varints_are_cut_to_64_bits_as_protobuf_does() -> None:
    assert varint(b"\xff" * 9 + b"\x7f", 0, 10) == (2**64 - 1, 10)
    assert signed(2**64 - 1) == -1
    assert signed(2**63 - 1) == 2**63 - 1
