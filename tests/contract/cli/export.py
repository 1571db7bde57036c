#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`godwit capture export` against a server that means harm: archives with names
that lead elsewhere, links, lies about sizes, ends in the middle. Whatever comes,
nothing is written outside the output, nothing is left behind, and the exit code
and one line say what was wrong.

    export.py GODWIT_BINARY (hostile|honest|terminal)
"""
import io
import os
import pty
import re
import resource
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

GODWIT = os.path.abspath(sys.argv[1])
WAV = b"RIFF" + bytes(2000)
LISTS = ["training_list.txt", "validation_list.txt", "testing_list.txt"]


def entry(name, data=b"", kind=tarfile.REGTYPE, link="", **more):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def tar(entries, form=tarfile.USTAR_FORMAT):
    """Header by header: tarfile's own writer would mend what is to be broken."""
    out = b""
    for info, data in entries:
        out += info.tobuf(form, "utf-8", "surrogateescape")
        out += data + bytes(-len(data) % 512)
    return out + bytes(1024)


def export(extra=(), tail=(), manifest=True):
    files = [entry("yes/0a0b0c0d_nohash_0.wav", WAV), *extra]
    files += [entry(name, b"x\n") for name in LISTS]
    files += [entry("manifest.jsonl", b"{}\n")] if manifest else []
    return tar([*files, *tail])


def mended(block):
    """A header with its checksum made right."""
    block = bytearray(block)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def with_size_field(field):
    head = bytearray(entry("yes/big.wav")[0].tobuf(tarfile.USTAR_FORMAT))
    head[124:136] = field
    return mended(head) + bytes(1024)


def with_bytes_at(offset, data):
    archive = bytearray(export())
    archive[offset:offset + len(data)] = data
    return bytes(archive)


def with_prefix(prefix):
    """The field that stands before the name."""
    head = bytearray(entry("x.wav")[0].tobuf(tarfile.USTAR_FORMAT))
    head[345:345 + len(prefix)] = prefix
    return mended(head) + bytes(1024)


def with_extended_name(name):
    """A harmless name whose extended header says another."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info, data = entry("yes/x.wav", WAV)
        info.pax_headers = {"path": name}
        archive.addfile(info, io.BytesIO(data))
        archive.addfile(*entry("manifest.jsonl"))
    return sink.getvalue()


PLACE = "has no place in an export; nothing was written"
HOSTILE = {
    "a name that climbs out": (export([entry("../evil", b"x")]), PLACE),
    "a name that climbs out of a label": (export([entry("yes/../../evil", b"x")]), PLACE),
    "a name that climbs as GNU's long name": (
        tar([entry("././@LongLink", b"../evil\0", kind=b"L"), entry("yes/x.wav", WAV),
             entry("manifest.jsonl")]), PLACE),
    "a name that an extended header changes": (with_extended_name("../evil"), PLACE),
    "an absolute name": (export([entry("/tmp/evil", b"x")]), PLACE),
    "an absolute prefix": (with_prefix(b"/tmp"), PLACE),
    "a prefix that climbs": (with_prefix(b".."), PLACE),
    "a prefix of many folders": (with_prefix(b"a/b"), PLACE),
    "two dots alone": (export([entry("..", b"x")]), PLACE),
    "a label of two dots": (export([entry("../x.wav", b"x")]), PLACE),
    "a backslash": (export([entry("yes\\..\\..\\evil", b"x")]), PLACE),
    "a hidden file": (export([entry(".bashrc", b"evil")]), PLACE),
    "a hidden folder": (export([entry(".ssh/authorized_keys", b"evil")]), PLACE),
    "a hidden file of a label": (export([entry("yes/.x", b"evil")]), PLACE),
    "folders in folders": (export([entry("yes/a/b.wav", b"x")]), PLACE),
    "an empty step": (export([entry("yes//x.wav", b"x")]), PLACE),
    "an empty name": (export([entry("", b"x")]), PLACE),
    "a name that drives a terminal": (export([entry("yes/\x1b[2Jx", b"x")]), "?[2Jx"),
    "a symbolic link": (export([entry("no", kind=tarfile.SYMTYPE, link="/tmp"),
                                entry("no/evil", b"x")]), PLACE),
    "a hard link": (export([entry("no/x", kind=tarfile.LNKTYPE, link="/etc/passwd")]), PLACE),
    "a device": (export([entry("no/x", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)]), PLACE),
    "a pipe": (export([entry("no/x", kind=tarfile.FIFOTYPE)]), PLACE),
    "a folder": (export([entry("no", kind=tarfile.DIRTYPE)]), PLACE),
    "a sparse file": (export([entry("no/x", kind=tarfile.GNUTYPE_SPARSE)]), PLACE),
    "harm after all that is good": (export(tail=[entry("../evil", b"x")]), PLACE),
    "a file of 8 GiB that is not there": (with_size_field(b"77777777777\0"), "ends in the middle"),
    "a size in base 256": (with_size_field(b"\x80" + b"\xff" * 11), "damaged one"),
    "a negative size": (with_size_field(b"-0000000001\0"), "damaged one"),
    "a wrong checksum": (with_bytes_at(150, b"777"), "damaged one"),
    "an archive cut in a file": (export()[:1000], "ends in the middle of a file"),
    "an archive cut in a header": (export()[:2700], "ends in the middle of a file"),
    "an archive cut between files": (export(manifest=False), "ends before its manifest.jsonl"),
    "an archive cut after the captures": (tar([entry("yes/a.wav", WAV)])[:-1024],
                                          "ends before its manifest.jsonl"),
    "nothing": (b"", "no tar archive"),
    "zeros": (bytes(10240), "no tar archive"),
    "a web page": (b"<html>" + bytes(4000), "damaged one"),
    "gzip": (b"\x1f\x8b\x08" + bytes(4000), "it is compressed"),
}
# Only seen on the way: these fit the format and not the disk.
IN_THE_WAY = {
    "a file where a folder must be": (export([entry("no", b"x"), entry("no/x.wav", b"y")]),
                                      "something else is there"),
    "a folder where a file must be": (export([entry("no/x.wav", b"x"), entry("no", b"y")]),
                                      "cannot create"),
    "a name twice": (export([entry("yes/0a0b0c0d_nohash_0.wav", b"other")]), "File exists"),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("content-type", "application/x-tar")
        self.send_header("transfer-encoding", "chunked")
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        try:
            self.send_chunks(self.server.body)
        except ConnectionError:
            pass  # it had enough

    def send_chunks(self, body):
        for at in range(0, len(body), 50000):
            part = body[at:at + 50000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.server.sent.set()
        self.server.may_end.wait(30)
        if self.server.ends:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class Server:
    def __init__(self, body, ends=True, headers=None):
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.server.body, self.server.ends, self.server.asked = body, ends, []
        self.server.headers = headers or {"x-total-count": "1"}
        self.server.sent, self.server.may_end = threading.Event(), threading.Event()
        self.server.may_end.set()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.environment = {"GODWIT_URL": "http://127.0.0.1:%d" % self.server.server_port,
                            "PATH": os.environ["PATH"], "HOME": "/nonexistent",
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def run(server, home, *words, **more):
    return subprocess.run([GODWIT, "capture", "export", *words], cwd=home, text=True,
                          capture_output=True, env=server.environment, timeout=60, **more)


def tree(folder):
    found = {}
    for top, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(top, name)
            is_file = stat.S_ISREG(os.lstat(path).st_mode)
            with open(path, "rb") if is_file else io.BytesIO() as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


failed = []


def check(what, condition, said=""):
    if not condition:
        failed.append(what)
        print(f"WRONG: {what}\n{said}")


def check_refusal(what, done, error):
    lines = done.stderr.splitlines()
    check(f"{what}: exit code {done.returncode}", done.returncode == 1, done.stderr)
    check(f"{what}: one line", len(lines) == 1 and lines[0].startswith("godwit:"), done.stderr)
    check(f"{what}: says '{error}'", error in done.stderr, done.stderr)
    check(f"{what}: no control characters", all(c >= " " or c == "\n" for c in done.stderr))


def hostile():
    for what, (body, error) in HOSTILE.items():
        for words in (["--output", "out/new"], ["--output", "out/new.tar"],
                      ["--output", "out", "--force"]):
            with tempfile.TemporaryDirectory() as home, Server(body) as server:
                os.mkdir(os.path.join(home, "out"))
                with open(os.path.join(home, "out", "mine"), "w", encoding="ascii") as file:
                    file.write("mine")
                before = tree(home)
                check_refusal(what, run(server, home, *words), error)
                check(f"{what}: wrote something: {tree(home).keys()}", tree(home) == before)
    for what, (body, error) in IN_THE_WAY.items():
        with tempfile.TemporaryDirectory() as home, Server(body) as server:
            check_refusal(what, run(server, home, "--output", "out"), error)
            check(f"{what}: left the folder", os.listdir(home) == ["out"], os.listdir(home))
    for body in (b"", export()[:3000], export()):  # no last chunk: cut off on the way
        for output in ("out", "out.tar"):
            with tempfile.TemporaryDirectory() as home, Server(body, ends=False) as server:
                check_refusal("cut off", run(server, home, "--output", output), "broke off")
                check("cut off: wrote something", os.listdir(home) == [], os.listdir(home))
    killed()
    full_disk()
    links()


def killed():
    """In the middle of it: a folder's archive has no name that could stay."""
    with tempfile.TemporaryDirectory() as home, Server(export()) as server:
        server.server.may_end.clear()
        process = subprocess.Popen([GODWIT, "capture", "export", "--output", "out"], cwd=home,
                                   env=server.environment)
        check("killed: it was sent", server.server.sent.wait(30))
        process.kill()
        process.wait()
        server.server.may_end.set()
        check("killed: left something", os.listdir(home) == [], os.listdir(home))


def full_disk():
    """No file may get longer than 64 KiB: the archive does."""
    body = export([entry("yes/b.wav", bytes(1 << 20))])
    for output in ("out", "out.tar"):
        with tempfile.TemporaryDirectory() as home, Server(body) as server:
            done = run(server, home, "--output", output, restore_signals=False,  # SIGXFSZ: ignored
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16,) * 2))
            check_refusal("a full disk", done, "cannot write the output file; is the disk full?")
            check("a full disk: left something", os.listdir(home) == [], os.listdir(home))


def links():
    """What stands in the output already leads nowhere else, with --force too."""
    with tempfile.TemporaryDirectory() as home, Server(export()) as server:
        os.makedirs(os.path.join(home, "out"))
        os.mkdir(os.path.join(home, "elsewhere"))
        os.symlink("../elsewhere", os.path.join(home, "out", "yes"))
        check_refusal("a label that is a link", run(server, home, "--output", "out", "--force"),
                      "cannot make the folder out/yes: something else is there")
        check("a label that is a link", os.listdir(os.path.join(home, "elsewhere")) == [])
    with tempfile.TemporaryDirectory() as home, Server(export()) as server:
        os.makedirs(os.path.join(home, "out"))
        for name in ("elsewhere", "twice"):
            with open(os.path.join(home, name), "w", encoding="ascii") as file:
                file.write("mine")
        os.symlink("../elsewhere", os.path.join(home, "out", "manifest.jsonl"))
        os.link(os.path.join(home, "twice"), os.path.join(home, "out", "training_list.txt"))
        os.mkfifo(os.path.join(home, "out", "testing_list.txt"))
        done = run(server, home, "--output", "out", "--force")
        after = tree(home)
        check("links are replaced", done.returncode == 0, done.stderr)
        check("links are not followed", after["elsewhere"] == after["twice"] == b"mine")
        check("links are replaced by files", after["out/manifest.jsonl"] == b"{}\n")
        check("a pipe is replaced by a file", after["out/testing_list.txt"] == b"x\n")


def honest():
    skipped = entry("skipped.jsonl", b'{"captureId":"a"}\n{"captureId":"b"}\n')
    body = export([entry("größe 2/0a_nohash_1.wav", WAV)], tail=[skipped])
    with tempfile.TemporaryDirectory() as home, Server(body) as server:
        done = run(server, home, "--output", "out/", "--split", "60,20,20", "--label", "a/b")
        check("a folder", done.returncode == 0, done.stderr)
        check("asked", server.server.asked == [
            "/v1/projects/default/captures/export?label=a%2Fb&split=60%2C20%2C20"],
            server.server.asked)
        check("a folder: files", set(tree(home)) == {
            "out", "out/yes", "out/yes/0a0b0c0d_nohash_0.wav", "out/größe 2",
            "out/größe 2/0a_nohash_1.wav", *(f"out/{name}" for name in LISTS),
            "out/manifest.jsonl", "out/skipped.jsonl"}, tree(home).keys())
        check("a folder: bytes", tree(home)["out/yes/0a0b0c0d_nohash_0.wav"] == WAV)
        check("a folder: told", done.stdout == "written       out\ncaptures      2\n"
              "files         7, 4.0 KiB\n", done.stdout)
        check("a folder: skipped", "warning: 2 captures are left out" in done.stderr, done.stderr)
        done = run(server, home, "--output", "out")
        check("a full folder", done.returncode == 2 and "--force" in done.stderr, done.stderr)
        check("a full folder is not fetched for", len(server.server.asked) == 1)
        done = run(server, home, "--output", "out", "--force", "--json")
        check("--force", done.returncode == 0 and '"captures": 2' in done.stdout, done.stderr)
        os.umask(0o027)
        done = run(server, home, "--output", "out.tar")
        path = os.path.join(home, "out.tar")
        check("a tar", done.returncode == 0 and tree(home)["out.tar"] == body, done.stderr)
        check("a tar: rights", stat.S_IMODE(os.stat(path).st_mode) == 0o640)
        check("a tar over a tar", run(server, home, "--output", "out.tar").returncode == 0)
        check("nothing else", sorted(os.listdir(home)) == ["out", "out.tar"], os.listdir(home))
    nothing = tar([entry(name) for name in [*LISTS, "manifest.jsonl"]])
    with tempfile.TemporaryDirectory() as home, Server(nothing) as server:
        done = run(server, home, "--output", "out")
        check("no captures", done.returncode == 0 and "captures      0\n" in done.stdout, done.stdout)
        check("no captures: said", "no capture that fits has a label" in done.stderr, done.stderr)


def at_terminal(server, home):
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(home)
        os.execve(GODWIT, [GODWIT, "capture", "export", "--output", "out"], server.environment)
    said = b""
    try:
        while part := os.read(terminal, 4096):
            said += part
    except OSError:  # it has gone
        pass
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode()


def terminal():
    """The bar is of captures, as many as x-total-count at most; a header that
    makes no sense costs the bar and nothing else."""
    clips = [entry(f"yes/0a_nohash_{i}.wav", bytes(32044)) for i in range(100)]
    for count, bar in (("200", "of 200 captures"), ("50", "50 of 50 captures"), ("0", None),
                       ("-5", None), ("many", None), (None, None)):
        headers = {"x-total-count": count} if count else {"x-other": "1"}
        with tempfile.TemporaryDirectory() as home, Server(export(clips), headers=headers) as server:
            code, said = at_terminal(server, home)
            percents = [int(text) for text in re.findall(r"\] +(-?\d+) %", said)]
            check(f"{count}: exit code {code}", code == 0, said)
            check(f"{count}: {bar}", bar in said if bar else percents == [], said)
            check(f"{count}: {percents}", percents == sorted(percents) and
                  all(0 <= percent <= 100 for percent in percents), said)
            check(f"{count}: what follows has a line of its own",
                  re.search(r"(^|\n)\x1b\[1mwritten", said), said)
    with tempfile.TemporaryDirectory() as home, Server(export(clips), ends=False,
                                                       headers={"x-total-count": "200"}) as server:
        code, said = at_terminal(server, home)
        check("cut off: the error has a line of its own", code == 1 and "\n" in said and
              said.splitlines()[-1].startswith("\x1b[1;31mgodwit:") and "broke off" in said, said)


{"hostile": hostile, "honest": honest, "terminal": terminal}[sys.argv[2]]()
print(f"{len(failed)} wrong")
sys.exit(1 if failed else 0)
