import itertools

import pytest

from runtime.windows import (
    Context,
    Window,
    bucket_lengths,
    group_windows,
    plan_bucketed_windows,
    plan_windows,
)

CONTEXT = Context(5, 3)
LENGTHS = [*range(1, 140), 199, 200, 201, 249, 250, 251, 1000, 1023]


def _check(windows: list[Window], frames: int, context: Context) -> None:
    assert windows[0].start == 0
    assert windows[-1].stop == frames
    for before, after in itertools.pairwise(windows):
        assert before.stop == after.start
    for window in windows:
        assert window.frames > 0
        assert 0 <= window.outer_start <= window.start < window.stop <= window.outer_stop <= frames
        assert window.outer_start <= max(0, window.start - context.before)
        assert window.outer_stop >= min(frames, window.stop + context.after)


def test_windows_cover_every_frame_with_context() -> None:
    for frames in LENGTHS:
        _check(plan_windows(frames, 50, CONTEXT), frames, CONTEXT)


def test_windows_take_just_their_context() -> None:
    assert plan_windows(170, 50, CONTEXT) == [
        Window(0, 50, 0, 53),
        Window(50, 100, 45, 103),
        Window(100, 150, 95, 153),
        Window(150, 170, 145, 170),
    ]


def test_a_scrap_joins_the_last_window() -> None:
    assert plan_windows(110, 50, CONTEXT)[-1] == Window(50, 110, 45, 110)
    assert len(plan_windows(61, 50, CONTEXT)) == 1
    assert len(plan_windows(62, 50, CONTEXT)) == 2


@pytest.mark.parametrize("context", [Context(0, 0), Context(5, 5), Context(9, 2), Context(0, 7)])
def test_bucketed_windows_cover_every_frame_with_context(context: Context) -> None:
    buckets = (32, 48, 72, 108)
    for frames in LENGTHS:
        windows = plan_bucketed_windows(frames, buckets, context)
        _check(windows, frames, context)
        if frames >= buckets[0]:
            assert {window.outer_frames for window in windows} <= set(buckets)
        else:
            assert windows == [Window(0, frames, 0, frames)]


@pytest.mark.parametrize(
    ("window", "context"),
    [
        (200, Context(5, 5)),
        (860, Context(198, 93)),
        (512, Context(0, 24)),
        (10, Context(0, 0)),
        (40, Context(150, 50)),
    ],
)
def test_buckets_rise_by_half_and_stay_above_the_context(window: int, context: Context) -> None:
    buckets = bucket_lengths(window, context)
    assert buckets[-1] == window + sum(context)
    assert all(bucket > sum(context) for bucket in buckets)
    for smaller, larger in itertools.pairwise(buckets):
        assert 1.4 < larger / smaller < 1.6
    # a clip between two buckets takes no more than two windows
    for frames in range(buckets[0], buckets[-1]):
        assert len(plan_bucketed_windows(frames, buckets, context)) <= 2


def test_batches_hold_windows_of_one_length() -> None:
    windows = plan_bucketed_windows(1000, (108,), CONTEXT)
    groups = group_windows(windows, 4)
    assert [window for group in groups for window in group] == windows
    assert len(groups[0]) == 1
    assert {len(group) for group in groups} == {1, 4}
    for group in groups:
        assert len({window.outer_frames for window in group}) == 1


def test_unequal_windows_run_alone() -> None:
    windows = plan_windows(170, 50, CONTEXT)
    assert [len(group) for group in group_windows(windows, 2)] == [1, 2, 1]
    assert [len(group) for group in group_windows(windows, 1)] == [1, 1, 1, 1]
