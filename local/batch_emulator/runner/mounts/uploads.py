"""What an rclone has still to upload, asked over its remote control, which is a socket in the file system."""

import http.client
import json
import socket
from pathlib import Path

_SECONDS = 10.0


class Uploads:
    """The uploads of one rclone."""

    def __init__(self, place: Path) -> None:
        """`place` is the socket's path: a short one, as systems allow about 100 characters."""
        self._place = place

    def waiting(self) -> int:
        """Give how many files are not in the container yet. Raises OSError when rclone does not answer."""
        connection = _SocketConnection(self._place)
        try:
            connection.request("POST", "/vfs/stats")
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except http.client.HTTPException as error:
            raise OSError(f"rclone gave no answer: {error!r}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"rclone answered {answer.status}: {told}")
        cache = told.get("diskCache") or {}
        return int(cache.get("uploadsQueued", 0)) + int(cache.get("uploadsInProgress", 0))


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, place: Path) -> None:
        super().__init__("rclone", timeout=_SECONDS)
        self._place = place

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._place))
