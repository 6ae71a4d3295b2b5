"""Refusals in the service's own words."""

from xml.sax.saxutils import escape

from local.in_process.exchange import Answer


class Refusal(Exception):
    """The request is refused with this status and error code."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message or code

    def answer(self) -> Answer:
        """As XML, the code in a header too."""
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        )
        headers = {"Content-Type": "application/xml", "x-ms-error-code": self.code}
        return Answer(self.status, headers, body.encode())


def unknown(what: str) -> Refusal:
    """Nothing is passed over in silence: what this store does not know, it does not take."""
    return Refusal(501, "NotImplemented", f"this store does not know {what}")


def require(ok: object, status: int, code: str, message: str = "") -> None:
    """Refuse unless `ok`."""
    if not ok:
        raise Refusal(status, code, message)
