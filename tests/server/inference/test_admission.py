from __future__ import annotations

from contextlib import ExitStack

import pytest

from server.inference.admission import Admission
from server.messages.error import ApiError


def test_places_are_workers_and_waiting() -> None:
    admission = Admission(workers=1, waiting=2, byte_limit=1)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(admission.take_place())
        with pytest.raises(ApiError) as caught, admission.take_place():
            pass
        assert caught.value.code == "overloaded"
        with pytest.raises(ApiError):
            admission.check_place()
    assert admission.admitted == 0
    admission.check_place()


def test_a_place_is_freed_by_an_error() -> None:
    admission = Admission(1, 0, 1)
    with pytest.raises(KeyError), admission.take_place():
        raise KeyError
    assert admission.admitted == 0


def test_retry_after_grows_with_the_queue_and_what_requests_cost() -> None:
    def retry_after(admission: Admission, admitted: int) -> int:
        with ExitStack() as stack:
            for _ in range(admitted):
                stack.enter_context(admission.take_place())
            with pytest.raises(ApiError) as caught:
                admission.check_place()
        return int(caught.value.headers["Retry-After"])

    assert retry_after(Admission(1, 4, 1), 5) == 5
    assert retry_after(Admission(5, 0, 1), 5) == 1
    costly = Admission(1, 4, 1)
    for _ in range(50):
        costly.record_cost(100.0)
    assert retry_after(costly, 5) == 60
    cheap = Admission(1, 4, 1)
    for _ in range(50):
        cheap.record_cost(0.001)
    assert retry_after(cheap, 5) == 1


def test_bytes_are_held_and_let_go() -> None:
    admission = Admission(1, 1, byte_limit=100)
    with admission.lease_memory() as one, admission.lease_memory() as other:
        one.hold(60)
        other.hold(40)
        with pytest.raises(ApiError) as caught:
            other.hold(41)
        assert caught.value.code == "overloaded"
        assert admission.bytes_held == 100
        one.hold(10)
        other.hold(90)
    assert admission.bytes_held == 0
