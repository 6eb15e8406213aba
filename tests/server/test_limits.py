from __future__ import annotations

from server import limits
from server.settings import OPTIONS, Settings


def test_every_limit_is_a_setting_in_both_languages() -> None:
    for limit in limits.LIMITS:
        assert limit.name in OPTIONS
        assert limit.about["zh"] and limit.about["en"].isascii()


def test_values_are_those_in_force() -> None:
    assert limits.values(Settings(target_clips=3))["target_clips"] == 3
    assert limits.values(Settings())["body_bytes"] == 64 * 2**20
