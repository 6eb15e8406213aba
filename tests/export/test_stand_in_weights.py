import zlib

import numpy as np
import pytest

from export import stand_in_weights
from tests.official import official_shapes


def test_a_name_always_draws_the_same() -> None:
    name = "enc_q.pre.weight"
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    wanted = 0.5 * generator.standard_normal((4, 3, 1), dtype=np.float32) / np.sqrt(3)
    np.testing.assert_allclose(stand_in_weights.draw_weight(name, (4, 3, 1)), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("dec.ups.0.weight_g", 0.8, 1.2),
        ("ref_enc.layernorm.weight", 0.4, 1.6),
        ("dec.conv_pre.bias", -0.3, 0.3),
        ("ref_enc.gru.bias_ih_l0", -0.3, 0.3),
    ],
)
def test_scales_are_those_of_trained_weights(name: str, low: float, high: float) -> None:
    drawn = stand_in_weights.draw_weight(name, (64,))
    assert low <= drawn.min() < drawn.max() <= high


def test_every_tensor_of_the_official_list_is_drawn() -> None:
    shapes = {name: shape for name, shape in official_shapes().items() if np.prod(shape) < 10_000}
    drawn = stand_in_weights.draw_weights(shapes)
    assert {name: tensor.shape for name, tensor in drawn.items()} == shapes
    assert all(np.isfinite(tensor).all() for tensor in drawn.values())
