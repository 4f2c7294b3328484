"""A TCP server that gives the same octets to everybody who has said something."""

import socket
import threading
from typing import Self


class ScriptedServer:
    """Answers each request head with the next of `answers`, the last one for ever."""

    def __init__(self, *answers: bytes, then_close: bool = True) -> None:
        self.answers = list(answers)
        self.heads: list[bytes] = []
        self._then_close = then_close
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        heard = b""
        try:
            while True:
                while b"\r\n\r\n" not in heard:
                    if not (more := connection.recv(65536)):
                        return
                    heard += more
                head, _, heard = heard.partition(b"\r\n\r\n")
                self.heads.append(head)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                connection.sendall(answer)
                if self._then_close:
                    return
        except OSError:
            return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(15)
