# SPDX-License-Identifier: Apache-2.0
"""The project's files, as git knows them; by walking where there is no git."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def listed_by_git():
    try:
        return subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                              capture_output=True, text=True, check=True).stdout.split("\n")
    except (FileNotFoundError, subprocess.CalledProcessError):  # no git, or an unpacked archive
        return None


def walked():
    return [os.path.relpath(os.path.join(folder, name), ROOT)
            for folder, _, names in os.walk(ROOT) for name in names]


def files():
    names = listed_by_git()
    if names is None:
        names = walked()
    return sorted(n for n in names if n and not n.startswith(("build/", ".git/")) and
                  os.path.isfile(os.path.join(ROOT, n)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()
