"""A system of somebody's own behind a webhook: says what it has, and keeps what it accepts."""

import contextlib
import http.server
import json
import threading
import time


class Target:
    """Takes what it is sent, unless it is told not to. `held`: it takes (or not) at once and answers later."""

    def __init__(self, takes=True, held=False):
        self.number = 1
        self.got = []  # all that it was sent
        self.taken = []  # of that, what it accepted
        self.status = 200
        self.delay = 0  # seconds before it takes anything
        self.answers = threading.Event()
        if not held:
            self.answers.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self, body):
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.reply(json.dumps({"desired": outer.number}).encode())

            def do_POST(self):
                wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["target"]
                outer.got.append(wanted)
                time.sleep(outer.delay)
                if outer.status == 200 and (takes or outer.answers.is_set()):
                    outer.taken.append(wanted)
                    outer.number = wanted
                outer.answers.wait(30)
                with contextlib.suppress(OSError):
                    self.reply(b"{}")

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.answers.set()
        self.server.shutdown()
        self.server.server_close()
