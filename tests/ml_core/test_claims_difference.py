"""Two trees of values: what is the same, what differs, and numbers that no honest bundle has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml_core.claims.difference import compare


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": 1, "b": [1.0, 2.0]}, {"b": [1.0, 2.0], "a": 1}, []),
        ({"a": 1.0}, {"a": 1}, []),
        ({"a": 1.0}, {"a": 1.0 + 1e-12}, []),
        ({"a": 1e12}, {"a": 1e12 + 100}, []),
        ({"a": 10}, {"a": 11}, ["/a"]),
        ({"a": True}, {"a": 1}, ["/a"]),
        ({"a": None}, {"a": 0.0}, ["/a"]),
        ({"a": "1"}, {"a": 1}, ["/a"]),
        ({"a": [1]}, {"a": [1, 2]}, ["/a/1"]),
        ({"a": {"b/c~d": 1}}, {"a": {"b/c~d": 2}}, ["/a/b~1c~0d"]),
        ({"a": {"deep": [1]}}, {"a": []}, ["/a"]),
        ({"a": 10**400}, {"a": 1.0}, ["/a"]),
        ({"a": 10**400}, {"a": 1}, ["/a"]),
    ],
)
def test_differences_are_named_by_their_place(one: Any, other: Any, paths: list[str]) -> None:
    found = compare(one, other, 1e-9)
    assert [difference.path for difference in found.differences] == paths
    assert [difference.path for difference in compare(other, one, 1e-9).differences] == paths
    json.dumps(found.largest, allow_nan=False)


def test_the_largest_difference_counts_also_where_it_is_within_tolerance() -> None:
    found = compare({"a": 1.0, "b": 5}, {"a": 1.0 + 1e-10, "b": 5}, 1e-9)
    assert found.numbers == 2 and found.differences == ()
    assert found.largest == pytest.approx(1e-10, rel=1e-3)
