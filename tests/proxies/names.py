"""A name server for proxies that look names up themselves, as they do in Docker."""

import socket
import struct
import threading

A, IN, ANSWER = 1, 1, 0x8180


class Names:
    """Answers what is in `addresses`: for each name, one address or more. Everything else has none."""

    def __init__(self, addresses: dict[str, list[str]]):
        self._addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self._socket.getsockname())
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            question, asker = self._socket.recvfrom(512)
            if not question:
                return
            self._socket.sendto(self._answer(question), asker)

    def _answer(self, question: bytes) -> bytes:
        labels, place = [], 12
        while length := question[place]:
            labels.append(question[place + 1 : place + 1 + length].decode())
            place += 1 + length
        (kind,) = struct.unpack_from("!H", question, place + 1)
        found = self._addresses.get(".".join(labels), []) if kind == A else []
        header = question[:2] + struct.pack("!5H", ANSWER, 1, len(found), 0, 0)
        # Each record names the question's name by its place.
        record = struct.pack("!HHHLH", 0xC00C, A, IN, 1, 4)
        return header + question[12 : place + 5] + b"".join(record + socket.inet_aton(address) for address in found)

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()
