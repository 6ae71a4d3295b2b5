"""Autoscale formulas, as pools use them."""

from datetime import UTC, datetime, timedelta

import pytest

from local.batch_emulator.autoscale import Evaluation, FormulaError, check, evaluate

NOW = datetime(2026, 3, 4, 12, 0, 10, tzinfo=UTC)  # a Wednesday
CURRENT = {"$CurrentDedicatedNodes": 4.0, "$TargetDedicatedNodes": 5.0, "$TargetLowPriorityNodes": 2.0}


def sampled(*values: float, until: datetime = NOW) -> list[tuple[datetime, float]]:
    """Samples every 30 seconds, the last of them `until`."""
    start = until - timedelta(seconds=30 * (len(values) - 1))
    return [(start + timedelta(seconds=30 * index), value) for index, value in enumerate(values)]


def run(formula: str, **samples: list[tuple[datetime, float]]) -> Evaluation:
    """Evaluate with samples by name without its dollar sign."""
    return evaluate(formula, {f"${name}": values for name, values in samples.items()}, NOW, CURRENT)


def value(expression: str, **samples: list[tuple[datetime, float]]) -> object:
    """Give what one expression is worth."""
    return run(f"x = {expression};", **samples).variables["$x"]


def failure(formula: str, **samples: list[tuple[datetime, float]]) -> FormulaError:
    """Give the error a formula ends with."""
    with pytest.raises(FormulaError) as caught:
        run(formula, **samples)
    return caught.value


def test_results_hold_the_three_variables_of_a_pool_then_the_formulas_own() -> None:
    """The results of a run read as the service writes them, user variables with their dollar sign in order of name."""
    result = run("b = 2; $a = vec(1, 2.5); $TargetDedicatedNodes = b * 3; $NodeDeallocationOption = taskcompletion;")
    assert result.results == (
        "$TargetDedicatedNodes=6;$TargetLowPriorityNodes=2;$NodeDeallocationOption=taskcompletion;$a=[1,2.5];$b=2"
    )
    assert (result.dedicated, result.low_priority, result.deallocation) == (6, 2, "taskcompletion")


def test_targets_that_are_not_set_keep_their_value() -> None:
    """A formula that sets one kind of node leaves the other as it is, and the option at requeue."""
    assert run("$TargetLowPriorityNodes = 9").results == (
        "$TargetDedicatedNodes=5;$TargetLowPriorityNodes=9;$NodeDeallocationOption=requeue"
    )


@pytest.mark.parametrize(("given", "target"), [("2.9", 2), ("0.99", 0), ("0 - 0.5", 0), ("7", 7)])
def test_fractional_targets_are_cut_off(given: str, target: int) -> None:
    """2.9 nodes are 2 nodes, as people found who add 0.9 to round up."""
    assert run(f"$TargetDedicatedNodes = {given};").dedicated == target


@pytest.mark.parametrize("given", ["0 - 1", "1 / 0", "0 / 0", "time()", "vec(1)"])
def test_a_target_that_is_no_number_of_nodes_is_refused(given: str) -> None:
    """Negative, infinite and foreign values leave the pool as it is, with the target named."""
    error = failure(f"$TargetDedicatedNodes = {given};")
    assert error.code == "AutoScalingFormulaEvaluationError"
    assert "$TargetDedicatedNodes" in error.message


PENDING = """
    first = 3; // nodes to begin with
    most = 25; /* and
    never more */
    share = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);
    wanted = share < 70 ? first : avg($PendingTasks.GetSample(180 * TimeInterval_Second));
    $TargetDedicatedNodes = min(most, wanted);
    $NodeDeallocationOption = taskcompletion;
"""


@pytest.mark.parametrize(("values", "target"), [([], 3), ([9, 9], 3), ([8] * 20, 8), ([900] * 20, 25), ([0] * 20, 0)])
def test_formula_by_average_of_pending_tasks(values: list[float], target: int) -> None:
    """It begins with the starting number, then follows the average of the samples, never above its cap."""
    assert run(PENDING, PendingTasks=sampled(*values)).dedicated == target


LIFESPAN = """
    $NodeDeallocationOption = taskcompletion;
    lifespan = time() - time("{born}");
    span = TimeInterval_Second * 90; startup = TimeInterval_Minute * 2; ratio = 10;
    $TargetLowPriorityNodes = (lifespan > startup ? min($PendingTasks.GetSample(span, ratio)) : 7);
"""


def test_formula_with_a_start_value_until_samples_come() -> None:
    """Young pools get the start value without a look at samples; older ones follow the least of the pending tasks."""
    young, old = LIFESPAN.format(born="Wed, 04 Mar 2026 11:59:00 GMT"), LIFESPAN.format(born="2026-03-04T11:00:00Z")
    assert run(young).low_priority == 7
    assert run(old, PendingTasks=sampled(6, 5, 4, 5, 6)).low_priority == 4
    assert failure(old).code == "InsufficientSampleData"


HALVING = """
    $samples = $PendingTasks.GetSamplePercent(5 * TimeInterval_Minute);
    $tasks = $samples < 70 ? max(0, $PendingTasks.GetSample(1))
           : max($PendingTasks.GetSample(1), avg($PendingTasks.GetSample(5 * TimeInterval_Minute)));
    $targetVMs = $tasks > 0 ? $tasks : max(0, $TargetDedicatedNodes / 2);
    $TargetDedicatedNodes = max(0, min($targetVMs, 10));
"""


@pytest.mark.parametrize(("values", "target"), [([6, 6], 6), ([0] * 20, 2), ([40] * 20, 10)])
def test_formula_that_halves_an_idle_pool(values: list[float], target: int) -> None:
    """With work it follows the tasks up to its cap; without, it halves the target it reads from the pool."""
    assert run(HALVING, PendingTasks=sampled(*values)).dedicated == target


def test_formula_that_replaces_preempted_nodes() -> None:
    """A target that was just set can be read by a later statement, and a vector goes into min as it is."""
    formula = """
        most = 25;
        $TargetDedicatedNodes = min(most, $PreemptedNodeCount.GetSample(180 * TimeInterval_Second));
        $TargetLowPriorityNodes = min(most, most - $TargetDedicatedNodes);
    """
    result = run(formula, PreemptedNodeCount=sampled(*[3] * 10))
    assert (result.dedicated, result.low_priority) == (3, 22)


def test_formula_by_cpu_reads_the_current_nodes_as_a_number() -> None:
    """$CurrentDedicatedNodes without a method is the present number."""
    formula = """
        $total = (min($CPUPercent.GetSample(TimeInterval_Minute * 10)) > 0.7) ?
            ($CurrentDedicatedNodes * 1.1) : $CurrentDedicatedNodes;
        $TargetDedicatedNodes = min(400, $total + 1)
    """
    assert run(formula, CPUPercent=sampled(*[0.9] * 30)).dedicated == 5
    assert run(formula, CPUPercent=sampled(*[0.1] * 30)).dedicated == 5


def test_formula_by_hour_and_weekday() -> None:
    """Timestamps have members; Monday is 1."""
    formula = """
        $now = time(); $work = $now.hour >= 8 && $now.hour < 18; $weekday = $now.weekday >= 1 && $now.weekday <= 5;
        $TargetDedicatedNodes = $work && $weekday ? 20 : 10;
    """
    result = run(formula)
    assert result.dedicated == 20
    assert result.results.endswith(";$now=2026-03-04T12:00:10.000Z;$weekday=1;$work=1")


def test_formula_by_slots() -> None:
    """A sampled variable without a method and without a present number is its last sample."""
    formula = "$TargetDedicatedNodes = ceil($PendingTasks / $TaskSlotsPerNode);"
    samples = {"$PendingTasks": sampled(9, 9, 9, 9)}
    assert evaluate(formula, samples, NOW, {"$TaskSlotsPerNode": 4}).dedicated == 3


def test_aliases_of_the_targets_yield_to_the_full_names() -> None:
    """$TargetDedicated sets the same target, unless the full name is set as well."""
    assert run("$TargetDedicated = 3; $TargetLowPriority = 4;").results.startswith(
        "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=4;"
    )
    assert run("$TargetDedicatedNodes = 1; $TargetDedicated = 3;").dedicated == 1


def test_stop_keeps_what_was_set_before() -> None:
    """stop() ends the evaluation without an error."""
    assert run("$TargetDedicatedNodes = 1; stop(); $TargetDedicatedNodes = 9;").dedicated == 1


@pytest.mark.parametrize(
    ("method", "wanted", "received"),
    [
        ("GetSample(1)", 100, 0),
        ("GetSample(TimeInterval_Minute * 10)", 70, 0),
        ("GetSample(TimeInterval_Minute * 10, 95)", 95, 0),
        ("GetSample(60 * TimeInterval_Second, 120 * TimeInterval_Second, 75)", 75, 0),
    ],
)
def test_missing_samples_fail_the_evaluation_in_the_services_words(method: str, wanted: int, received: int) -> None:
    """The error names the place, the data set and both percentages."""
    error = failure(f"$RunningTasks.{method};")
    assert error.code == "InsufficientSampleData"
    assert error.message == "Autoscale evaluation failed due to insufficient sample data"
    text = f"Line 1, Col 24: Insufficient data from data set: $RunningTasks wanted {wanted}%, received {received}%"
    assert error.values == (("Message", text),)


def test_more_samples_than_there_are_cannot_be_had() -> None:
    """GetSample(5) of three samples fails with 60 %."""
    samples = sampled(1, 2, 3, until=NOW - timedelta(minutes=1))
    assert "wanted 100%, received 60%" in str(failure("x = $RunningTasks.GetSample(5);", RunningTasks=samples))


def test_percentages_decide_whether_a_time_frame_is_served() -> None:
    """With the last minute missing, ten minutes are 90 percent full: 95 fails, 80 serves 18 samples."""
    samples = sampled(*range(30), until=NOW - timedelta(minutes=1))
    assert value("$CPUPercent.GetSamplePercent(TimeInterval_Minute * 10)", CPUPercent=samples) == 90.0
    assert value("len($CPUPercent.GetSample(TimeInterval_Minute * 10, 80))", CPUPercent=samples) == 18.0
    assert "wanted 95%, received 90%" in str(
        failure("x = $CPUPercent.GetSample(TimeInterval_Minute * 10, 95);", CPUPercent=samples)
    )


def test_samples_arrive_late() -> None:
    """The newest sample is not seen yet; GetSample(1) gives the newest that has arrived."""
    assert value("$RunningTasks.GetSample(1)", RunningTasks=sampled(1, 2, 3, 4)) == (3.0,)


def test_a_time_frame_looks_back_from_both_ends() -> None:
    """Six minutes ago to one minute ago are ten samples, whichever end is named first; timestamps do as well."""
    samples = sampled(*range(40))
    near = value("$RunningTasks.GetSample(1 * TimeInterval_Minute, 6 * TimeInterval_Minute)", RunningTasks=samples)
    far = value("$RunningTasks.GetSample(6 * TimeInterval_Minute, 1 * TimeInterval_Minute)", RunningTasks=samples)
    stamps = 'time("2026-03-04T11:54:10Z"), time("2026-03-04T11:59:10Z")'
    assert near == far == value(f"$RunningTasks.GetSample({stamps})", RunningTasks=samples)
    assert near == tuple(float(each) for each in range(28, 38))


def test_history_methods() -> None:
    """Count, HistoryBeginTime and GetSamplePeriod describe what has arrived."""
    samples = sampled(*range(10))
    assert value("$RunningTasks.Count()", RunningTasks=samples) == 9.0
    assert value("$RunningTasks.GetSamplePeriod() == 30 * TimeInterval_Second", RunningTasks=samples) == 1.0
    assert value("$RunningTasks.HistoryBeginTime()", RunningTasks=samples) == samples[0][0]
    assert failure("x = $RunningTasks.HistoryBeginTime();").code == "InsufficientSampleData"


def test_formulas_have_a_longest_and_a_most() -> None:
    """8,192 characters and 100 statements are taken; one more is refused by its own code."""
    assert len(check("x=1;" * 100)) == 100
    assert check("x = 1;".ljust(8192))
    with pytest.raises(FormulaError) as long:
        check("x = 1;".ljust(8193))
    with pytest.raises(FormulaError) as many:
        check("x=1;" * 101)
    assert (long.value.code, many.value.code) == ("AutoScalingFormulaTooLong", "AutoScalingFormulaSyntaxError")
