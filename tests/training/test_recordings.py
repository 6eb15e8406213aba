from pathlib import Path

import numpy as np
import pytest

from training.recordings import (
    HOP_SAMPLES,
    PACED,
    PARALLEL,
    Recording,
    Recordings,
    contour_hz,
    features_at,
)


def test_a_recording_comes_back_as_it_was_saved(prepared: Path, tmp_path: Path) -> None:
    path = prepared / "0-1-1.npz"
    first = Recording.load(path)
    first.save(tmp_path / "copy.npz")
    again = Recording.load(tmp_path / "copy.npz")
    for name, value in vars(first).items():
        np.testing.assert_array_equal(getattr(again, name), value)
    assert [file.name for file in tmp_path.iterdir()] == ["copy.npz"]


def test_crops_are_as_long_as_asked_and_the_same_for_the_same_seed(prepared: Path) -> None:
    first, second = Recordings(prepared, 1), Recordings(prepared, 1)
    for frames in (40, 1000):
        crop, again = (r.crop(r.draw(), frames) for r in (first, second))
        assert crop.waveform.shape == (frames * HOP_SAMPLES + 768,)
        assert crop.contour_hz.shape == (frames,) and crop.features.shape == (frames, 12)
        np.testing.assert_array_equal(crop.waveform, again.waveform)
    assert not np.any(crop.waveform[6 * 22050 :])


def test_a_crop_knows_where_its_recording_is_voiced(prepared: Path) -> None:
    row = Recording.load(prepared / "1-1-1.npz")
    pitch = contour_hz(row, np.array([-1.0, 0.5, 1.9, 2.5, 3.1, 6.0]))
    assert pitch.tolist() == pytest.approx([0, 160, 160, 0, 160, 0])


def test_features_are_interpolated_and_held_at_the_ends(prepared: Path) -> None:
    row = Recording.load(prepared / "1-1-1.npz")
    known = row.features.astype(np.float32)
    found = features_at(row, np.array([-1.0, 0.028, 0.028 + 1.5 * 0.024, 60.0]))
    expected = [known[0], known[0], (known[1] + known[2]) / 2, known[-1]]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_short_and_paced_recordings_can_be_left_out(prepared: Path, tmp_path: Path) -> None:
    assert len(Recordings(prepared, 1, shortest_seconds=4.0).rows) == 3
    row = Recording.load(prepared / "0-1-1.npz")
    for name in ("0-1-1", f"0-1-1{PACED}0.89"):
        row.save(tmp_path / f"{name}.npz")
    assert len(Recordings(tmp_path, 1).rows) == 2
    assert len(Recordings(tmp_path, 1, paced=False).rows) == 1
    with pytest.raises(FileNotFoundError, match="run prepare"):
        Recordings(prepared, 1, shortest_seconds=6.0)
    with pytest.raises(FileNotFoundError, match="run prepare"):
        Recordings(prepared / "nothing", 1)


def test_parallel_crops_are_of_the_same_moment_of_two_voices(
    prepared: Path, tmp_path: Path
) -> None:
    for index in range(3):
        row = Recording.load(prepared / f"{index}-1-1.npz")
        row.save(tmp_path / f"7-00000{PARALLEL}{index}.npz")
        row.save(tmp_path / f"7-00001{PARALLEL}{index}.npz")
    row.save(tmp_path / f"7-00002{PARALLEL}0.npz")
    recordings = Recordings(tmp_path, 1)
    # A member without others is speech like any, and no group.
    assert recordings.groups == [[0, 1, 2], [3, 4, 5]] and len(recordings.rows) == 7
    drawn = recordings.parallel(2, 40)
    assert len(drawn) == 4
    for (one, crop), (other, again) in zip(drawn[:2], drawn[2:], strict=True):
        assert one != other and one // 3 == other // 3
        # These recordings are voiced at the same moments.
        np.testing.assert_array_equal(crop.contour_hz > 0, again.contour_hz > 0)
        assert np.any(crop.waveform != again.waveform)
