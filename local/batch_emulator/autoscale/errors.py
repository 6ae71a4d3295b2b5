"""The one error of the formula language, in the service's codes."""

TOO_LONG = "AutoScalingFormulaTooLong"
SYNTAX = "AutoScalingFormulaSyntaxError"
EVALUATION = "AutoScalingFormulaEvaluationError"
INSUFFICIENT = "InsufficientSampleData"


class FormulaError(Exception):
    """A formula that cannot be read or evaluated.

    `code` and `message` are the service's; `values` are the name and value pairs of its error body, with the
    place ("Line 1, Col 24: ...") under "Message".
    """

    def __init__(self, code: str, message: str, values: tuple[tuple[str, str], ...] = ()) -> None:
        """Keep the parts; the text of the error names the place too."""
        super().__init__(": ".join([message, *(value for _, value in values)]))
        self.code = code
        self.message = message
        self.values = values


def syntax_error(line: int, column: int, what: str) -> FormulaError:
    """Give the error for a formula that does not follow the grammar."""
    values = (("Message", f"Line {line}, Col {column}: {what}"),)
    return FormulaError(SYNTAX, "The autoscale formula has a syntax error", values)


def evaluation_error(line: int, column: int, what: str) -> FormulaError:
    """Give the error for a formula that reads well and cannot be evaluated."""
    values = (("Message", f"Line {line}, Col {column}: {what}"),)
    return FormulaError(EVALUATION, "The autoscale formula cannot be evaluated", values)


def insufficient_data(line: int, column: int, name: str, wanted: float, received: float) -> FormulaError:
    """Give the error for samples that are asked for and not there."""
    what = f"Insufficient data from data set: {name} wanted {wanted:.0f}%, received {int(received)}%"
    values = (("Message", f"Line {line}, Col {column}: {what}"),)
    return FormulaError(INSUFFICIENT, "Autoscale evaluation failed due to insufficient sample data", values)
