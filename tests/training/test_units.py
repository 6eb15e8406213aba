import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from training.units import clusters, memberships


def test_clusters_are_found_where_the_frames_are() -> None:
    random = np.random.default_rng(1)
    true = np.array([[0, 0], [10, 0]], np.float32)
    frames = np.concatenate([place + random.normal(0, 0.3, (200, 2)) for place in true])
    found = clusters(frames.astype(np.float32), 2, random)
    assert sorted(map(tuple, np.round(found))) == sorted(map(tuple, true))


def test_a_frame_belongs_to_the_nearest_unit_and_in_between_to_both() -> None:
    centres = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    frames = torch.tensor([[[0.0, 0.0], [0.5, 0.3], [1.0, 0.0]]])
    shares = memberships(frames, centres, variance=2.0)
    assert torch.allclose(shares.sum(2), torch.ones(1, 3))
    assert shares[0, 0, 0] > 0.99 and shares[0, 2, 1] > 0.99
    assert shares[0, 1].tolist() == pytest.approx([0.5, 0.5])
