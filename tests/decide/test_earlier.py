"""What a job leaves to its retry, row by row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.earlier import AGAIN, Earlier, passed_on
from controller.outcome import FAILED, GOOD, KEPT, NOT_RUN, SKIPPED


def test_each_state_passes_on_what_it_has() -> None:
    """Good: in the job's own container. Kept: one job further back. Bad: nothing. Partly failed: runs again."""
    states = bytes([GOOD, GOOD, KEPT, KEPT, FAILED, SKIPPED, NOT_RUN, NOT_RUN, FAILED])
    before = Earlier(bytes([0, AGAIN + 1, 1, AGAIN + 2, 0, 0, 0, 2, 1]))
    left = passed_on(states, before, partly_failed={0, 3})
    assert list(left.rows) == [AGAIN + 1, 1, 2, AGAIN + 3, 0, 0, 0, 3, 0]
    assert left.kept == 3
    assert (left.holder(2), left.holder(3)) == (1, 2)


def rows(left: int) -> st.SearchStrategy[tuple[int, int]]:
    """(state, what was there before) of one row, as a settled job can have it after `left` jobs."""
    kept = st.tuples(st.just(KEPT), st.integers(1, left).flatmap(lambda n: st.sampled_from([n, n + AGAIN])))
    ran = st.tuples(st.sampled_from([GOOD, FAILED, SKIPPED, NOT_RUN]), st.just(0))
    return st.one_of(kept, ran) if left else ran


@given(st.integers(0, 126).flatmap(lambda left: st.tuples(st.just(left), st.lists(rows(left), min_size=1))), st.data())
def test_a_row_is_kept_or_runs_and_never_both(sized: tuple[int, list[tuple[int, int]]], data: st.DataObject) -> None:
    """Rows that ended well are kept, or run again if units in them failed; the rest runs; holders are real jobs."""
    left, table = sized
    states, before = (bytes(column) for column in zip(*table, strict=True))
    accepted = [index for index, state in enumerate(states) if state in (GOOD, KEPT)]
    partly = set(data.draw(st.lists(st.sampled_from(accepted)))) if accepted else set()
    passed = passed_on(states, Earlier(before), partly)
    for index in range(len(table)):
        has_outputs = index in accepted
        assert passed.keeps(index) == (has_outputs and index not in partly)
        assert passed.runs_again(index) == (index in partly)
        assert not has_outputs or 0 <= passed.holder(index) <= left
    assert passed.kept == len(accepted) - len(partly)
