"""The command that counts false alarms, on one small world of each kind."""

import false_alarms
import pytest


@pytest.mark.parametrize("kind", ["chance", "withheld"])
def test_every_attack_that_has_nothing_to_find_is_judged(kind):
    world = false_alarms.world("linear", kind, seed=0, n=60, default=False)
    rows = {row["attack"]: row for row in world if row is not None}
    assert {"MAP", "MAP, effects", "joint", "learned on shadows"} <= set(rows)
    sees_more = {"released answer", "informed"}
    assert sees_more & set(rows) == (sees_more if kind == "withheld" else set())
    assert not any(row["above"] for row in rows.values())
