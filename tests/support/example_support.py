"""How many examples a property has: a part of them in the quick suite, all of them in the slow one."""

from typing import Any

from hypothesis import settings


def examples(count: int, **more: Any) -> settings:
    """Settings for a property of so many examples; the profile that is loaded has the share of them."""
    default = settings.default
    assert default is not None
    share = max(count * default.max_examples // 100, min(count, 5))
    return settings(max_examples=share, **more)
