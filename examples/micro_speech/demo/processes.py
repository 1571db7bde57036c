# SPDX-License-Identifier: Apache-2.0
"""The programs that the demo starts: one server, several devices, and the
operator's commands. Whatever happens, none of them outlives the demo."""
import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time


class Failed(Exception):
    """One line: what did not happen, and where to look."""


_started = []


def start(command, **keywords):
    """In a process group of its own; dies with the demo, were it killed."""
    guard = [shutil.which("setpriv"), "--pdeathsig", "KILL", "--"]
    process = subprocess.Popen(
        (guard if guard[0] else []) + [str(word) for word in command],
        stdin=subprocess.DEVNULL, start_new_session=True, **keywords)
    _started.append(process)
    return process


@atexit.register
def kill_all():
    for process in _started:
        if process.poll() is None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def kill(process):
    if process.poll() is None:
        process.kill()
    process.wait()


def stop(process, timeout_s=30):
    """Asks it to end; its exit code, or what happened instead."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return f"nothing within {timeout_s} s"


def last_lines(path, count=5):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-count:]).rstrip()
    except OSError:
        return ""


class Lines(threading.Thread):
    """Lines of a process as they come, to wait for; copied to a log."""

    def __init__(self, process, log_path):
        super().__init__(daemon=True)
        self.process = process
        self.log_path = log_path
        self.lines = []
        self.changed = threading.Condition()
        self.ended = False
        self.start()

    def run(self):
        with open(self.log_path, "a", encoding="utf-8") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                with self.changed:
                    self.lines.append(line.rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()


class Server:
    """`godwit server` on one data folder; may be killed and started again."""

    def __init__(self, binary, folder, coap_port, http_port):
        self.binary = binary
        self.folder = folder
        self.data = folder / "server"
        self.log = folder / "server.log"
        self.coap_port = coap_port
        self.http_port = http_port
        self.process = None
        self.api_key = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    def command(self):
        return [self.binary, "server", "--data", self.data, "--coap-port", self.coap_port,
                "--http-port", self.http_port]

    def start(self, timeout_s):
        """Returns when it says that it is ready; keeps the API key that it
        prints on an empty folder."""
        self.process = start(self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace")
        output = Lines(self.process, self.log)
        until = time.monotonic() + timeout_s
        with output.changed:
            while not any("ready" in line for line in output.lines):
                left = until - time.monotonic()
                if output.ended or left <= 0:
                    raise Failed(f"godwit server did not get ready; the end of {self.log}:\n"
                                 + last_lines(self.log))
                output.changed.wait(left)
            for line in output.lines:
                if "API key" in line:
                    self.api_key = line.split()[-1]

    def kill(self):
        kill(self.process)

    def stop(self):
        return stop(self.process)


class Device:
    """One micro_speech process at a time, and the events of all of its lives."""

    def __init__(self, name, command, log_path, relay):
        self.name = name
        self.command = command
        self.log_path = log_path
        self.relay = relay
        self.events = []
        self.changed = threading.Condition()
        self.process = None
        self.lives = 0

    def start(self):
        """Each start is a life: its events carry that number."""
        self.lives += 1
        with open(str(self.log_path) + ".err", "ab") as errors:
            self.process = start(self.command, stdout=subprocess.PIPE, stderr=errors,
                                  text=True, errors="replace")
        threading.Thread(target=self._read, args=(self.process, self.lives), daemon=True).start()

    def _read(self, process, life):
        with open(self.log_path, "a", encoding="utf-8") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                event = json.loads(line)
                event["life"] = life
                with self.changed:
                    self.events.append(event)
                    self.changed.notify_all()
        with self.changed:
            self.events.append({"event": "ended", "life": life, "at": time.monotonic()})
            self.changed.notify_all()

    def kill(self):
        kill(self.process)

    def stop(self):
        return stop(self.process)

    def count(self, name):
        """How many events of that name there were."""
        return sum(event["event"] == name for event in self.copy_events())

    def position(self):
        """How many events there are: `since` for what comes after."""
        with self.changed:
            return len(self.events)

    def copy_events(self, since=0):
        with self.changed:
            return self.events[since:]

    def wait(self, name, timeout_s, since=0, **fields):
        """The first such event at or after position `since`."""

        def found():
            for event in self.events[since:]:
                if event["event"] == name and all(event.get(k) == v for k, v in fields.items()):
                    return event
            return None

        return self.wait_for(found, timeout_s, " ".join([name, *map(str, fields.values())]))

    def wait_for(self, condition, timeout_s, what):
        """Until condition(), looked at after each event, is true: its value."""
        until = time.monotonic() + timeout_s
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = until - time.monotonic()
                ended = self.events and self.events[-1]["event"] == "ended" \
                    and self.events[-1]["life"] == self.lives
                if ended or left <= 0:
                    why = "it ended" if ended else f"waited {timeout_s:.0f} s"
                    raise Failed(f"{self.name}: no event '{what}' ({why}); its events: "
                                 f"{self.log_path} {last_lines(str(self.log_path) + '.err')}")
                self.changed.wait(left)


def port_is_free(kind, port):
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1" if kind == socket.SOCK_STREAM else "", port))
        except OSError:
            return False
        return True


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def choose_ports(arguments):
    """Free ones with --any-port; ends the program where a port is taken."""
    if arguments.any_port:
        arguments.coap_port = free_port(socket.SOCK_DGRAM)
        arguments.http_port = free_port(socket.SOCK_STREAM)
    for kind, name, port in ((socket.SOCK_DGRAM, "coap", arguments.coap_port),
                             (socket.SOCK_STREAM, "http", arguments.http_port)):
        if not port_is_free(kind, port):
            protocol = "UDP" if name == "coap" else "TCP"
            sys.exit(f"demo: {protocol} port {port} is taken: stop the program that uses it, or "
                     f"choose another with --{name}-port N")


class Operator:
    """Runs the commands that an operator would type, and shows them."""

    def __init__(self, binary, show):
        self.binary = binary
        self.show = show
        self.environment = dict(os.environ)
        self.status, self.error = 0, ""  # of the last command

    def use(self, server):
        self.environment["GODWIT_URL"] = server.url
        self.environment["GODWIT_API_KEY"] = server.api_key

    def run(self, *words, must=True, quietly=False, shown=str):
        """`godwit WORDS --json`; what it prints, parsed. `shown` makes of a word
        what is shown of it, "" for nothing."""
        words = [str(word) for word in words]
        if not quietly:
            self.show("godwit " + " ".join(filter(None, map(shown, words))))
        done = subprocess.run([self.binary, *words, "--json"], env=self.environment,
                              capture_output=True, text=True, timeout=60, check=False)
        if must and done.returncode != 0:
            raise Failed(f"godwit {' '.join(words)}: {(done.stderr or done.stdout).strip()}")
        self.status, self.error = done.returncode, done.stderr.strip()
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else None
