"""What stands in for Okta: how the program reaches it, and how others change it by hand.

The program goes through a relay that copies bytes both ways and writes down the request lines, so
what it sent is known from outside of it.
"""
import json
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

LOOPBACK = "127.0.0.1"
TOKEN = "conformance-token-of-the-program-0001"
HAND_TOKEN = "conformance-token-of-somebody-else-02"


def request_line(head, _):
    """(method, path) of a request."""
    method, path, _ = head[0].split(" ")
    return method, path


class Relay:
    """Copies bytes between the program and the emulator, and keeps what `of` makes of each request:
    of the lines of its head, and its body."""

    def __init__(self, of=request_line):
        self.of = of
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self.target = None
        self.lock = threading.Lock()
        self.requests = []  # in the order in which they left the program
        threading.Thread(target=self._accept, daemon=True).start()

    def take(self):
        """The requests since the last call."""
        with self.lock:
            taken, self.requests = self.requests, []
        return taken

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((LOOPBACK, self.target))
            except OSError:
                client.close()
                continue
            for args in ((client, server, self._note()), (server, client, lambda _: None)):
                threading.Thread(target=self._copy, args=args, daemon=True).start()

    @staticmethod
    def _copy(source, sink, note):
        try:
            while data := source.recv(1 << 16):
                note(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _note(self):
        """Finds requests in the bytes of one connection; a body is as long as its header says."""
        held = bytearray()

        def note(data):
            held.extend(data)
            while (end := held.find(b"\r\n\r\n")) >= 0:
                head = held[:end].decode("latin-1").split("\r\n")
                body = 0
                for line in head[1:]:
                    name, _, value = line.partition(":")
                    if name.lower() == "content-length":
                        body = int(value)
                if len(held) < end + 4 + body:
                    return
                request = self.of(head, bytes(held[end + 4:end + 4 + body]))
                del held[:end + 4 + body]
                with self.lock:
                    self.requests.append(request)

        return note

    def close(self):
        self.listener.close()


class Cloud:
    """A server on a port of the loopback interface; what starts it is the child class's business.

    `url` is for the program, through the relay; everything else here goes straight.
    """

    def __init__(self):
        self.relay = Relay()
        self.url = f"http://localhost:{self.relay.port}"
        self.process = None
        self.port = None
        self.folder = tempfile.TemporaryDirectory(prefix="seatkeeper-cloud-")

    def __exit__(self, *_):
        self.stop()
        self.relay.close()
        self.folder.cleanup()

    def stop(self):
        """By its pid."""
        if not self.process:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def call(self, method, path):
        """(status, body, headers) of one call past the relay."""
        headers = {
            "Authorization": f"SSWS {HAND_TOKEN}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Host": f"localhost:{self.relay.port}",
        }
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.port}{path}", method=method, headers=headers,
            data=None if method == "GET" else b"")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None, answer.headers
        except urllib.error.HTTPError as answer:
            text = answer.read()
            return answer.code, json.loads(text) if text else None, answer.headers

    def groups(self):
        return self.call("GET", "/api/v1/groups?per_page=100")[1]

    def members(self, group):
        """Ids, sorted, as the emulator has them."""
        status, people, _ = self.call("GET", f"/api/v1/groups/{urllib.parse.quote(group)}/users")
        if status != 200:
            raise AssertionError(f"the member list of {group} answers {status}")
        return sorted(person["id"] for person in people)

    def change(self, method, group, person):
        """Somebody adds (PUT) or removes (DELETE) a member by hand."""
        status, _, _ = self.call(method, f"/api/v1/groups/{group}/users/{person}")
        return status
