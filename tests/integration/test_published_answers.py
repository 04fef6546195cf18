"""The published answers of tests/contract/answers, replayed byte for byte over a socket to the program itself."""

import http.server
import json
import re
import threading

import pytest

from conftest import ROOT

FOLDER = ROOT / "tests/contract/answers"
CASES = [path for path in sorted(FOLDER.rglob("*.json")) if "past" not in json.loads(path.read_text())]


def without_times(text):
    """Requests say what time it is: seconds or milliseconds since 1970, and ISO dates."""
    return re.sub(r"\d{10,13}|\d{4}-\d\d-\d\dT[\d:%A.]+Z?", "T", text)


class Vendor:
    """Answers the requests of a case in their order; what was asked otherwise is in `wrong`."""

    def __init__(self, case):
        self.left = list(case["exchanges"])
        self.wrong = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                status, headers, text = outer.answer(self.command, self.path, self.headers, body)
                content = text.replace("$ENDPOINT", outer.url).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value.replace("$ENDPOINT", outer.url))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method, target, headers, body):
        if not self.left:
            self.wrong.append(f"one request too many: {method} {target}")
            return 500, {}, ""
        exchange = self.left.pop(0)
        wanted, response = exchange["request"], exchange["response"]
        pairs = [(method, wanted["method"]), (target, wanted["target"]), (body, wanted.get("body", ""))]
        pairs += [(headers.get(name), value) for name, value in wanted.get("headers", {}).items()]
        for found, expected in pairs:
            if without_times(found or "") != without_times(expected):
                self.wrong.append(f"{found!r}, not {expected!r}")
        return response["status"], response["headers"], response["body"]


def parameter(path):
    kind = path.parent.name
    what = "answers of our own" if kind == "http-json" else "published answers"
    return pytest.param(path, id=f"{kind}/{path.stem}", marks=pytest.mark.held_to(kind, what))


@pytest.mark.parametrize("path", [parameter(path) for path in CASES])
def test_a_published_answer_over_a_socket(wave, path):
    case = json.loads(path.read_text())
    vendor = Vendor(case)
    try:
        definition = {"kind": "Metric", "id": "m", **case["metric"]}
        wave.write(json.dumps(definition).replace("$ENDPOINT", vendor.url))
        (found,) = wave.json("poll", check=1 if "error" in case else 0)
    finally:
        vendor.server.shutdown()
        vendor.server.server_close()
    assert not vendor.wrong
    assert not vendor.left, "fewer requests than the case has"
    if "error" in case:
        assert found["error"]["code"] == case["error"]["code"]
        text = found["error"]["message"] + found["error"].get("hint", "")
        assert case["error"]["text"] in text
        assert "very-secret" not in text
    else:
        assert found["value"] == case["value"]
