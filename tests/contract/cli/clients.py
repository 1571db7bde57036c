#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients of Golioth's REST API work unchanged: the requests that its Python tools
(golioth/python-golioth-tools 0.9.0) send for artifacts, releases, devices, tags,
blueprints, credentials, certificates, settings, state, calls and logs, header by
header, and what those tools read of the answers, words of errors included.

    clients.py GODWIT_BINARY
"""
import base64
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.dont_write_bytecode = True
from openapi import Description  # noqa: E402

GODWIT = os.path.abspath(sys.argv[1])
failed = []


def check(what, condition, said=""):
    if not condition:
        failed.append(what)
        print(f"WRONG: {what}\n{said}")


class Client:
    """As httpx sends it. token: "authorization: bearer" instead of x-api-key."""

    def __init__(self, port, key):
        self.port = port
        self.key = key
        self.description = None

    def call(self, method, path, body=None, token=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        headers = {"Host": f"127.0.0.1:{self.port}", "Accept": "*/*",
                   "Accept-Encoding": "gzip, deflate", "Connection": "keep-alive",
                   "User-Agent": "python-httpx/0.27.0"}
        headers.update({"authorization": f"bearer {self.key}"} if token
                       else {"x-api-key": self.key})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers.update({"Content-Length": str(len(data)), "Content-Type": "application/json"})
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        check(f"{method} {path}: not compressed", answer.getheader("content-encoding") is None)
        document = json.loads(text)
        if self.description:
            for problem in self.description.check(method, path, answer.status, document):
                check("as described", False, problem)
        return answer.status, document

    def good(self, method, path, body=None, token=False):
        status, document = self.call(method, path, body, token)
        check(f"{method} {path}: {status}", status == 200, document)
        return document

    def bad(self, words, method, path, body=None):
        status, document = self.call(method, path, body)
        check(f"{method} {path}: {status}", 400 <= status < 500, document)
        check(f"{method} {path} says '{words}'", words in document["message"], document)


def has(what, info, **types):
    for name, kind in types.items():
        check(f"{what}: {name}", isinstance(info.get(name), kind), info)


def projects(client):
    listed = client.good("GET", "/v1/projects")["list"]
    project = next(each for each in listed if each["name"] == "default" or each["id"] == "default")
    check("by token", client.good("GET", "/v1/projects", token=True)["list"] == listed)
    has("project", client.good("GET", f"/v1/projects/{project['id']}")["data"], id=str, name=str)
    status, _ = client.call("GET", "/v1/projects/" + urllib.parse.quote("no such"))
    check("no project", status == 404)
    return f"/v1/projects/{project['id']}"


def devices(client, p):
    made = client.good("POST", f"{p}/devices",
                       {"name": "kitchen", "hardwareIds": ["hw-1"], "tagIds": []})["data"]
    has("device", made, id=str, name=str, enabled=bool, hardwareIds=list, tagIds=list,
        metadata=dict)
    found = client.good("GET", f"{p}/devices?deviceName=kitchen")["list"]
    check("found by name", [each["id"] for each in found] == [made["id"]], found)
    check("nobody by another", client.good("GET", f"{p}/devices?deviceName=nobody")["list"] == [])
    d = f"{p}/devices/{made['id']}"
    key = client.good("POST", f"{d}/credentials", {
        "type": "PRE_SHARED_KEY", "identity": "kitchen-id", "preSharedKey": "a key"})["data"]
    has("credential", key, id=str, identity=str, preSharedKey=str)
    client.bad("", "POST", f"{d}/credentials", {
        "type": "PRE_SHARED_KEY", "identity": "kitchen-id", "preSharedKey": "a key"})
    listed = client.good("GET", f"{d}/credentials")["list"]
    check("its key", [each["preSharedKey"] for each in listed] == ["a key"], listed)
    client.good("DELETE", f"{d}/credentials/{key['id']}")
    check("no key", client.good("GET", f"{d}/credentials")["list"] == [])
    for patch in ({"enabled": False}, {"name": "cellar"}):
        changed = client.good("PATCH", d, patch)["data"]
        check("changed", patch.items() <= changed.items(), changed)
    client.good("PUT", d, {"enabled": True})
    check("whole list", {"list", "page", "perPage", "total"} <=
          client.good("GET", f"{p}/devices?page=0&perPage=10").keys())
    return d, made["id"]


def tags_and_blueprints(client, p, d):
    tag = client.good("POST", f"{p}/tags", {"name": "beta"})["data"]
    blueprint = client.good("POST", f"{p}/blueprints", {
        "name": "board", "platform": "esp32", "boardId": "m5"})["data"]
    has("tag", tag, id=str, name=str)
    has("blueprint", blueprint, id=str, name=str, platform=str, boardId=str)
    changed = client.good("PATCH", d, {"addTagId": [tag["id"]],
                                       "blueprintId": blueprint["id"]})["data"]
    check("tagged", changed["tagIds"] == [tag["id"]] and
          changed["blueprintId"] == blueprint["id"], changed)
    check("by tag", len(client.good("GET", f"{p}/devices?tags={tag['id']}")["list"]) == 1)
    client.bad("", "DELETE", f"{p}/tags/{tag['id']}")
    client.good("PATCH", d, {"removeTagId": [tag["id"]]})
    client.good("PUT", f"{p}/tags/{tag['id']}", {"name": "gamma"})
    client.good("GET", f"{p}/blueprints/{blueprint['id']}")
    client.good("DELETE", f"{p}/tags/{tag['id']}")
    return blueprint["id"]


def artifacts(client, p, project_id, model):
    body = {"projectId": project_id, "content": base64.b64encode(model).decode(),
            "version": "1.2.3", "package": "main"}
    made = client.good("POST", "/v1/artifacts", body)["data"]
    has("artifact", made, id=str, package=str, version=str)
    check("its size is a string", made["size"] == str(len(model)), made["size"])
    client.bad("artifact already exists", "POST", "/v1/artifacts", body)
    second = client.good("POST", "/v1/artifacts", dict(body, version="1.2.4"))["data"]
    listed = client.good("GET", f"{p}/artifacts")["list"]
    check("two", {each["id"] for each in listed} == {made["id"], second["id"]}, listed)
    check("by version", len(client.good("GET", f"{p}/artifacts?version=1.2.4")["list"]) == 1)
    has("artifact again", client.good("GET", f"{p}/artifacts/{made['id']}")["data"], id=str)
    return made["id"], second["id"]


def releases(client, p, first, second):
    made = client.good("POST", f"{p}/releases", {
        "releaseTags": ["1.2.3"], "artifactIds": [first], "rollout": False})["data"]
    has("release", made, id=str, releaseTags=list, artifactIds=list, rollout=bool,
        deviceTagIds=list, sequenceNumber=str)
    client.bad("already exists with same release tag", "POST", f"{p}/releases", {
        "releaseTags": ["1.2.3"], "artifactIds": [second], "rollout": False})
    for state in (True, False, True):
        client.good("PUT", f"{p}/releases/{made['id']}", {"rollout": state})
        got = client.good("GET", f"{p}/releases/{made['id']}")["data"]
        check("rollout and nothing else", got["rollout"] is state and
              got["releaseTags"] == ["1.2.3"] and got["artifactIds"] == [first], got)
    client.bad("artifact in use", "DELETE", f"{p}/artifacts/{first}")
    check("listed", [each["id"] for each in client.good("GET", f"{p}/releases")["list"]] ==
          [made["id"]])
    client.good("DELETE", f"{p}/releases/{made['id']}")
    client.good("DELETE", f"{p}/artifacts/{first}")
    client.bad("", "GET", f"{p}/artifacts/{first}")


def contract(client, p, d, device_id):
    client.good("POST", f"{d}/data/desired/volume", 7)
    check("state", client.good("GET", f"{d}/data/desired/volume")["data"] == 7)
    client.good("DELETE", f"{d}/data/desired/volume")
    check("no state", client.good("GET", f"{d}/data/desired/volume")["data"] is None)
    client.good("POST", f"{d}/stream/sensor", {"temp": 21})
    check("stream", client.good("GET", f"{d}/stream/sensor")["data"] == {"temp": 21})
    made = client.good("POST", f"{p}/settings", {"key": "GAIN", "dataType": "integer",
                                                 "value": 5})["data"]
    client.good("PUT", f"{p}/settings/{made['id']}", {"key": "GAIN", "dataType": "integer",
                                                      "value": 6})
    client.good("POST", f"{p}/settings", {"key": "GAIN", "dataType": "integer", "value": 9,
                                          "deviceId": device_id})
    of_device = client.good("GET", f"{d}/settings")["list"]
    check("override", [each["value"] for each in of_device if "deviceId" in each] == [9], of_device)
    check("of the project", [each["value"] for each in client.good("GET", f"{p}/settings")["list"]
                             if "deviceId" not in each] == [6])
    client.good("DELETE", f"{p}/settings/{made['id']}")
    check("no logs", client.good("GET", f"{p}/logs?deviceId={device_id}")["list"] == [])
    status, answer = client.call("POST", f"{d}/rpc", {"method": "say", "params": []})
    check("offline", status == 503 and "message" in answer, answer)


def certificates(client, p, home):
    path = os.path.join(home, "ca.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", os.devnull, "-out", path,
                    "-days", "9", "-subj", "/CN=fleet"], check=True, capture_output=True)
    with open(path, "rb") as file:
        made = client.good("POST", f"{p}/certificates", {
            "certFile": base64.b64encode(file.read()).decode(), "certType": "root"})["data"]
    has("certificate", made, id=str, enabled=bool)
    check("listed", len(client.good("GET", f"{p}/certificates")["list"]) == 1)
    has("certificate again", client.good("GET", f"{p}/certificates/{made['id']}")["data"], id=str)
    client.good("DELETE", f"{p}/certificates/{made['id']}")


def main():
    models = pathlib.Path(__file__).resolve().parents[3] / "examples/micro_speech/models"
    with tempfile.TemporaryDirectory(prefix="godwit-clients-") as home:
        server = subprocess.Popen(
            [GODWIT, "server", "--data", os.path.join(home, "data"), "--coap-bind", "127.0.0.1",
             "--coap-port", "0", "--http-port", "0", "--log-level", "error"],
            stdout=subprocess.PIPE, text=True)
        try:
            said = ""
            while "ready\n" not in said:
                line = server.stdout.readline()
                assert line, said
                said += line
            port = int(re.search(r"http://127\.0\.0\.1:(\d+)", said).group(1))
            key = next(line.split()[-1] for line in said.splitlines() if "API key" in line)
            client = Client(port, key)
            client.description = Description(client.good("GET", "/v1/openapi.json"))
            p = projects(client)
            d, device_id = devices(client, p)
            tags_and_blueprints(client, p, d)
            first, second = artifacts(client, p, "default", (models / "yes_no.tflite").read_bytes())
            releases(client, p, first, second)
            contract(client, p, d, device_id)
            certificates(client, p, home)
            client.good("DELETE", d)
            server.send_signal(signal.SIGTERM)
            check("the server ends well", server.wait(30) == 0)
        finally:
            server.kill()
            server.wait()
    print(f"{len(failed)} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
