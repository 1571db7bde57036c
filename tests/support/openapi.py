# SPDX-License-Identifier: Apache-2.0
"""Answers held against GET /v1/openapi.json, as tests/support/openapi.c does it,
for tests that speak HTTP; and a relay that does so for programs that know nothing
of it.

    description = Description(document)
    problems = description.check("GET", "/v1/projects/default/tags", 200, answer)

    with CheckingRelay("http://127.0.0.1:8080") as relay:   # relay.url, relay.problems
"""
import datetime
import http.client
import http.server
import json
import re
import threading
import urllib.parse

TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
ORGANIZATION = re.compile(r"^/v1/organizations/[^/]+(?=/projects/)")


def is_time(text):
    try:
        datetime.datetime.fromisoformat(re.sub(r"(\.\d+)?Z$", "+00:00", text))
    except ValueError:
        return False
    return text.endswith("Z")


class Description:
    def __init__(self, document):
        self.document = document
        # Fixed segments before variable ones: /captures/export is no capture.
        self.routes = sorted(
            ((method.upper(), path, self.pattern(path, operation), operation)
             for path, item in document["paths"].items() for method, operation in item.items()),
            key=lambda route: (route[1].count("{"), route[1]))

    @staticmethod
    def pattern(path, operation):
        """A path parameter is one segment; that of {path...} is more, and says so."""
        rest = {each["name"] for each in operation["parameters"]
                if each["in"] == "path" and each["description"].startswith("one segment or more")}
        parts = [(".+" if part[1:-1] in rest else "[^/]+") if part.startswith("{")
                 else re.escape(part) for part in path.split("/")]
        return re.compile("/".join(parts) + "/?$")

    def route(self, method, path):
        method = "GET" if method == "HEAD" else method
        for way in (path, ORGANIZATION.sub("/v1", path)):
            for verb, name, pattern, operation in self.routes:
                if verb == method and pattern.match(way):
                    return name, operation
        return None, None

    def follow(self, reference):
        at = self.document
        for step in reference[2:].split("/"):
            at = at[step]
        return at

    def check(self, method, path, status, answer):
        """What is wrong with a JSON answer, as a list of sentences."""
        name, operation = self.route(method, urllib.parse.urlsplit(path).path)
        if operation is None:
            if status in (404, 405, 421):
                return self.walk({"$ref": "#/components/schemas/Error"}, answer, "the answer")
            return [f"{method} {path} is not described"]
        responses = operation["responses"]
        response = responses.get(str(status), responses["default"])
        if "$ref" in response:
            response = self.follow(response["$ref"])
        content = response["content"].get("application/json")
        if content is None:
            return [f"{method} {name} {status}: JSON is not described"]
        return [f"{method} {name} {status}: {problem}"
                for problem in self.walk(content["schema"], answer, "the answer")]

    def walk(self, schema, value, at):
        if schema is True:
            return []
        if "$ref" in schema:
            return self.walk(self.follow(schema["$ref"]), value, at)
        if "anyOf" in schema:
            tries = [self.walk(each, value, at) for each in schema["anyOf"]]
            return [] if any(not each for each in tries) else tries[0]
        wanted = schema.get("type")
        if wanted is not None:
            names = [wanted] if isinstance(wanted, str) else wanted
            if not any(TYPES[name](value) for name in names):
                return [f"{at} is {value!r:.60}, not of type {wanted}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{at} is {value!r:.60}, none of {schema['enum']}"]
        if isinstance(value, str):
            return self.walk_text(schema, value, at)
        if isinstance(value, list) and "items" in schema:
            return [problem for i, each in enumerate(value)
                    for problem in self.walk(schema["items"], each, f"{at}[{i}]")]
        return self.walk_object(schema, value, at) if isinstance(value, dict) else []

    @staticmethod
    def walk_text(schema, value, at):
        if schema.get("format") == "date-time" and not is_time(value):
            return [f"{at} is no time: {value:.40}"]
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return [f"{at} does not match {schema['pattern']}: {value:.40}"]
        return []

    def walk_object(self, schema, value, at):
        problems = [f"{at} has no member '{name}'" for name in schema.get("required", [])
                    if name not in value]
        others = schema.get("additionalProperties", "properties" not in schema)
        for name, each in value.items():
            of = schema.get("properties", {}).get(name, others)
            if of is False:
                problems.append(f"{at} has a member '{name}', undescribed")
            else:
                problems += self.walk(of, each, f"{at}.{name}")
        return problems


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        length = int(self.headers.get("content-length", 0))
        return self.rfile.read(length) if length else None

    def relay(self):
        relay = self.server.relay
        upstream = http.client.HTTPConnection(relay.host, timeout=120)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection", "expect", "transfer-encoding",
                                           "content-length", "accept-encoding")}
        upstream.request(self.command, self.path, self.body(), headers)
        answer = upstream.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date"):
                self.send_header(name, value)
        if answer.getheader("content-length") is None:
            self.stream(answer)
        else:
            data = answer.read()
            relay.look_at(self.command, self.path, answer, data)
            self.send_header("content-length", answer.getheader("content-length"))
            self.end_headers()
            self.wfile.write(data)
        upstream.close()

    def stream(self, answer):
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while data := answer.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = relay


class CheckingRelay:
    """Between a client and a server; .problems says what was not as described."""

    def __init__(self, url):
        self.host = urllib.parse.urlsplit(url).netloc
        self.problems = []
        self.checked = 0
        with_document = http.client.HTTPConnection(self.host, timeout=30)
        with_document.request("GET", "/v1/openapi.json")
        self.description = Description(json.load(with_document.getresponse()))
        with_document.close()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.relay = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def look_at(self, method, path, answer, data):
        if method == "HEAD" or not answer.getheader("content-type", "").startswith("application/json"):
            return
        if "content-disposition" in {name.lower() for name, _ in answer.getheaders()}:
            return  # bytes that happen to be JSON
        self.checked += 1
        self.problems += self.description.check(method, path, answer.status, json.loads(data))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
