"""The text of a queue message: base64 of its bytes, or the bytes themselves (`queues.messageEncoding`)."""

import base64
import binascii


class BadEncoding(Exception):
    """A message that is not base64, though host.json says that messages are."""


def decode(text: str, encoding: str) -> bytes:
    """The bytes of a message."""
    if encoding == "none":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadEncoding(str(error)) from error


def encode(content: bytes, encoding: str) -> str:
    """The text of a message. Raises UnicodeDecodeError when `none` cannot carry the bytes."""
    return content.decode() if encoding == "none" else base64.b64encode(content).decode()
