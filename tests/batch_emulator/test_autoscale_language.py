"""The autoscale language: its types, operators, functions, and what it refuses."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.batch_emulator.autoscale import FormulaError, check, evaluate

NOW = datetime(2026, 3, 4, 12, 30, 15, 250000, tzinfo=UTC)


def value(expression: str) -> object:
    """Give what one expression is worth."""
    return evaluate(f"x = {expression};", {}, NOW, {}).variables["$x"]


def shown(expression: str) -> str:
    """Give how the results print one expression."""
    return evaluate(f"x = {expression};", {}, NOW, {}).results.rpartition("$x=")[2]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("-2 * -3", "6"),
        ("!0 + !5", "1"),
        ("10 - 4 - 3", "3"),
        ("1 < 2 == 1", "1"),
        ("1 || 0 && 0", "1"),
        ("0 ? 1 : 0 ? 2 : 3", "3"),
        ('"a" < "b"', "1"),
        ("vec(1, 2) * 2 + vec(1, 1)", "[3,5]"),
        ("2 - vec(1, 2)", "[1,0]"),
        (".5 + 1e1", "10.5"),
        ("1 / 0 > 5", "1"),
        ("3 * TimeInterval_Minute", "00:03:00"),
        ("TimeInterval_Day * 1.5", "1.12:00:00"),
        ("-TimeInterval_Second / 2", "-00:00:00.5000000"),
        ("10 * TimeInterval_100ns == TimeInterval_Microsecond", "1"),
        ("TimeInterval_Week + TimeInterval_Zero - 7 * TimeInterval_Day == TimeInterval_Zero", "1"),
        ("TimeInterval_Year > 52 * TimeInterval_Week", "1"),
        ("time()", "2026-03-04T12:30:15.250Z"),
        ('time("")', "2026-03-04T12:30:15.250Z"),
        ('time("2026-03-04T13:30:15+01:00") + TimeInterval_Millisecond', "2026-03-04T12:30:15.001Z"),
        ('TimeInterval_Hour + time("Wed, 04 Mar 2026 11:00:00 GMT")', "2026-03-04T12:00:00.000Z"),
        ('time("2026-03") - time("2026")', "59.00:00:00"),
        ("time().weekday * 10 + time().month", "33"),
        ("time().second", "15"),
    ],
)
def test_operators_of_all_types(expression: str, expected: str) -> None:
    """Operators bind as in C and give the documented types."""
    assert shown(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("avg(vec(1, 2, 3), 6)", 3.0),
        ("sum(1, 2, vec(3))", 6.0),
        ("sum()", 0.0),
        ("len(vec(1, 2), 5)", 3.0),
        ("max(1, vec(7, 2))", 7.0),
        ("min(1, vec(7, 2))", 1.0),
        ("norm(3, 4)", 5.0),
        ("range(2, 9, 4)", 7.0),
        ("std(2, 4, 4, 4, 5, 5, 7, 9)", math.sqrt(32 / 7)),
        ("std(5)", 0.0),
        ("percentile(vec(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 90)", 9.0),
        ("percentile(vec(3, 1, 2), 50)", 2.0),
        ("percentile(7, 0)", 7.0),
        ("val(vec(5, 6, 7), 1)", 6.0),
        ("lg(8)", 3.0),
        ("ln(1)", 0.0),
        ("log(1000)", 3.0),
        ("log(vec(1000))", (3.0,)),
        ("lg(1, 4)", (0.0, 2.0)),
        ("ceil(1.2)", 2.0),
        ("floor(vec(1.8, -1.2))", (1.0, -2.0)),
        ("round(2.5)", 3.0),
        ("ln(0)", -math.inf),
    ],
)
def test_functions(expression: str, expected: object) -> None:
    """Functions take any mix of doubles and vectors, a double standing for a vector of one."""
    assert value(expression) == pytest.approx(expected)


def test_random_numbers_lie_between_zero_and_one() -> None:
    """rand() differs from call to call within a formula."""
    result = evaluate("a = rand(); b = rand();", {}, NOW, {}).variables
    assert 0.0 <= float(str(result["$a"])) < 1.0
    assert result["$a"] != result["$b"]


@pytest.mark.parametrize(
    ("formula", "line", "column", "what"),
    [
        ("x = 1 % 2;", 1, 7, "'%'"),
        ("x = 1;\ny = ;", 2, 5, "';'"),
        ("x = (1 + 2;", 1, 11, "')' was expected"),
        ("x = 1 y = 2;", 1, 7, "';' was expected"),
        ("x = average(1);", 1, 5, "function average"),
        ("x = val(1);", 1, 5, "val does not take 1 arguments"),
        ("x = $PendingTasks.Sample(1);", 1, 19, "method Sample"),
        ("x = 1; y = x.GetSample(1);", 1, 14, "sampled variable"),
        ("x = time().decade;", 1, 12, "member decade"),
        ("x = $Undefined;", 1, 5, "$Undefined"),
        ("x = x + 1;", 1, 5, "x"),
        ("x = PendingTasks + 1;", 1, 5, "PendingTasks"),
        ("$PendingTasks = 1;", 1, 1, "cannot be assigned"),
        ("TargetDedicatedNodes = 1;", 1, 1, "dollar sign"),
        ("requeue = 1;", 1, 1, "cannot be assigned"),
        ('x = "open;', 1, 5, "string without end"),
        ("x = 1; /* open", 1, 8, "comment without end"),
        ("x = 3abc;", 1, 5, "'3'"),
        ("x = " + "(" * 60 + "1" + ")" * 60, 1, 45, "nested"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(formula: str, line: int, column: int, what: str) -> None:
    """A syntax error says line, column and what stands there, before anything is evaluated."""
    with pytest.raises(FormulaError) as caught:
        check(formula)
    assert caught.value.code == "AutoScalingFormulaSyntaxError"
    message = caught.value.values[0][1]
    assert message.startswith(f"Line {line}, Col {column}: ")
    assert what in message


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("time() * 2", "timestamp and double"),
        ("time() - TimeInterval_Day", "timestamp and timeinterval"),
        ('"a" + "b"', "string and string"),
        ("vec(1) < 2", "doubleVec with double"),
        ("vec(1) ? 1 : 2", "condition"),
        ("-time()", "timestamp"),
        ("!vec(1)", "doubleVec"),
        ("1 && time()", "condition"),
        ("vec(1, 2) + vec(1, 2, 3)", "2 and 3"),
        ("avg(time())", "timestamp"),
        ("max(vec(1) - 1, requeue)", "deallocation option"),
        ("val(vec(1), 1)", "val 1"),
        ("percentile(vec(1), 101)", "percentile 101"),
        ('time("yesterday")', "yesterday"),
        ("time(5)", "string"),
        ("(1 + 1).hour", "timestamp"),
        ("time() + TimeInterval_Year * 10000", "range"),
        ("$PendingTasks.GetSample(0)", "0 samples"),
        ("$PendingTasks.GetSample(1, 2)", "timestamps or timeintervals"),
    ],
)
def test_what_cannot_be_evaluated_says_why(expression: str, what: str) -> None:
    """An evaluation error names the place and the types that do not go together."""
    with pytest.raises(FormulaError) as caught:
        value(expression)
    assert caught.value.code == "AutoScalingFormulaEvaluationError"
    assert what in caught.value.values[0][1]


def test_the_side_not_taken_is_not_evaluated() -> None:
    """Conditions and ?: protect what would fail."""
    assert value("1 ? 2 : val(vec(1), 9)") == 2.0
    assert value("0 && val(vec(1), 9)") == 0.0
    assert value("1 || val(vec(1), 9)") == 1.0


def test_a_deallocation_option_can_be_chosen_by_condition_and_nothing_else_is_one() -> None:
    """The option is one of four words."""
    assert evaluate("$NodeDeallocationOption = 1 ? terminate : requeue", {}, NOW, {}).deallocation == "terminate"
    with pytest.raises(FormulaError, match="NodeDeallocationOption"):
        evaluate('$NodeDeallocationOption = "requeue"', {}, NOW, {})


def test_very_long_expressions_do_not_exhaust_the_stack() -> None:
    """A sum of 2,000 terms, 3,000 signs: evaluated, since 8 KiB may hold them."""
    assert value("+".join(["1"] * 2000)) == 2000.0
    assert value("-" * 3000 + "1") == 1.0


@st.composite
def _sums(draw: st.DrawFn) -> tuple[str, float]:
    numbers = draw(st.lists(st.integers(-999, 999), min_size=1, max_size=12))
    operators = draw(st.lists(st.sampled_from("+-*"), min_size=len(numbers) - 1, max_size=len(numbers) - 1))
    text = str(numbers[0]) + "".join(f" {sign} {number}" for sign, number in zip(operators, numbers[1:], strict=True))
    return text, float(eval(text))  # noqa: S307  # digits and three signs, made above


@settings(max_examples=60)
@given(_sums())
def test_arithmetic_agrees_with_python(given_sum: tuple[str, float]) -> None:
    """Precedence, associativity and signs are those of ordinary arithmetic."""
    text, expected = given_sum
    assert value(text) == pytest.approx(expected)


def _code(text: str) -> str | None:
    try:
        evaluate(text, {}, NOW, {})
    except FormulaError as error:
        return error.code
    return None


@settings(max_examples=150)
@given(st.text(alphabet='x1$.,;:?()"+-*/<>=!&| \nGetSample', max_size=60))
def test_any_text_is_a_formula_or_is_refused_by_name(text: str) -> None:
    """Nothing but FormulaError ever comes out, and always with a code of the service."""
    codes = {"AutoScalingFormulaSyntaxError", "AutoScalingFormulaEvaluationError", "InsufficientSampleData"}
    assert _code(text) in codes | {None}
