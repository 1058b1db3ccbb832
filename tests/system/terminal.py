#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sshguardctl as people see it: screens of 80 and 200 columns in a real terminal (tmux), with and without colour and
through a pipe, and completion by the Tab key in bash, zsh and fish, with the names that the daemon knows.

The screens are kept in tests/system/screens; times, ages, sizes and numbers of files may differ.

Usage: tests/system/terminal.py PACKAGE [--update], with TREE naming the machine's root folder.
"""

import difflib
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

from machine import Failure, eventually
from readme import comparable
from suite import alerts, check, expect, main

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCREENS = SOURCE / "tests/system/screens"
SITE_DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
SITE_POLICY = """rules = ( { id = "site.no-passwords"; sshd = "PasswordAuthentication"; must = "no";
    response = "revert"; severity = "critical"; why = "A guessed password must not open a session."; } );
"""
LATE_DROP_IN = "/etc/ssh/sshd_config.d/zz-last.conf"


class Terminal:
    """A tmux of its own, in which one command runs on the host."""

    def __init__(self, command, width=80, environment=None):
        self.folder = tempfile.mkdtemp(prefix="sshguardd-terminal.")
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8",
                            "TMUX_TMPDIR": self.folder, **(environment or {})}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", "60", command)

    def tmux(self, *words):
        return subprocess.run(["tmux", *words], env=self.environment, capture_output=True, text=True,
                              check=True, timeout=20).stdout

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "kill-server"], env=self.environment, capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def inside(machine, command):
    """A command line of the host that runs a shell command in the machine, on the same terminal."""
    return f"nsenter --target={machine.leader} --all -- sh -c {shlex.quote(command)}"


def show(machine, command, width, is_colour, pipe=""):
    setting = "" if is_colour else "NO_COLOR=1 "
    with Terminal(inside(machine, f"{setting}sshguardctl --no-pager {command}{pipe}; echo THE END; sleep 60"),
                  width) as terminal:
        eventually("it ends", lambda: "THE END" in terminal.screen())
        # -J joins what the terminal wrapped: nothing may be, but through a pipe
        return terminal.screen(*(["-e"] if is_colour else []), *(["-J"] if pipe else [])).split("THE END")[0]


@check
def the_guard_is_installed(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.write(SITE_DROP_IN, "PasswordAuthentication no\n")
    machine.write("/etc/sshguardd/policy.d/50-site.conf", SITE_POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("systemctl enable --now sshguardd; sshguardctl check", check=False)  # the first pass is over
    after = machine.journal_end()
    machine.write("/root/late.conf", "Match Address *\n    PasswordAuthentication yes\n")
    time.sleep(2)  # what is asked of sshd after a start is answered
    machine.run(f"mv /root/late.conf {LATE_DROP_IN}")
    eventually("it is reverted", lambda: alerts(machine, "REVERTED", after))
    machine.run(f"echo '# a remark' >>{SITE_DROP_IN}")  # never empty in between
    eventually("it is reported", lambda: alerts(machine, "UNAPPROVED", after))


@check
def screens_are_as_kept(machine):
    differences = []
    for name, command, has_ages in (("status", "status", True), ("findings", "findings", True),
                                    ("history", "history", True), ("explain", "explain site.no-passwords", True),
                                    ("diff", f"diff {SITE_DROP_IN}", False), ("show", "show 1", False),
                                    ("mistyped", "statsu", False), ("help", "--help", False),
                                    ("help-edit", "edit --help", False)):
        for width, style, pipe in ((80, "plain", ""), (200, "plain", ""), (200, "colour", ""), (80, "piped", " | cat")):
            kept = SCREENS / f"{name}.{width}.{style}"
            shown = show(machine, command, width, style == "colour", pipe)
            if style != "colour":
                expect("\x1b" not in shown, f"{kept.name} has colours")
            if has_ages and kept.suffix == ".plain" and width == 80:
                # where a table breaks its lines depends on how long "just now" is; tmux would break a wider one
                expect("site.no-passwords" in shown or "50-site.conf" in shown, shown)
                continue
            if "--update" in sys.argv[2:]:
                kept.parent.mkdir(exist_ok=True)
                kept.write_text(shown)
            wanted = kept.read_text() if kept.exists() else ""
            differences += difflib.unified_diff(comparable(wanted).splitlines(), comparable(shown).splitlines(),
                                                kept.name, "shown", lineterm="")
    expect(not differences, "\n".join(differences))


@check
def a_long_list_goes_through_the_pager(machine):
    with Terminal(inside(machine, "sshguardctl rules; echo THE END; sleep 60")) as terminal:
        eventually("the pager", lambda: terminal.screen().rstrip().endswith((":", "(END)", "--More--")))
        terminal.type("q")
        eventually("it ends", lambda: "THE END" in terminal.screen())


@check
def a_check_tells_how_far_it_is(machine):
    # what goes over itself leaves one line
    shown = show(machine, "check", 80, False)
    expect("files looked at: " in shown and len(shown.strip().splitlines()) == 1, shown)


SHELLS = {
    "bash": ("bash --norc --noprofile", f"source {SOURCE}/completions/sshguardctl.bash"),
    "zsh": ("zsh -f", f"fpath=({SOURCE}/completions $fpath); autoload -Uz compinit; compinit -u -D"),
    "fish": ("fish --no-config", f"source {SOURCE}/completions/sshguardctl.fish"),
}


def complete(machine, shell, typed, wanted):
    program, load = SHELLS[shell]
    with tempfile.TemporaryDirectory() as folder:
        client = pathlib.Path(folder, "sshguardctl")
        client.write_text(f"#!/bin/sh\nexec nsenter --target={machine.leader} --all -- sshguardctl \"$@\"\n")
        client.chmod(0o755)
        with Terminal(program, 120, {"PATH": f"{folder}:{os.environ['PATH']}", "PS1": "$ "}) as terminal:
            eventually("a prompt", lambda: terminal.screen().strip())
            terminal.type(f"{load}; echo LOA''DED", "Enter")
            eventually("the completion is loaded", lambda: "\nLOADED" in terminal.screen())
            terminal.type("clear", "Enter")
            eventually("a clear screen", lambda: "LOADED" not in terminal.screen())
            terminal.type(typed, "Tab")
            try:
                eventually("it completes", lambda: wanted in terminal.screen(), 5)
            except Failure:  # a key may come while the shell gets ready for the line
                terminal.type("Tab")
                eventually(f"{shell} completes {typed!r} to {wanted!r}", lambda: wanted in terminal.screen(), 10)


@check
def shells_complete(machine):
    missing = [shell for shell in SHELLS if not shutil.which(shell)]
    expect(not missing, f"{missing} are not installed (scripts/dependencies)")
    for shell in SHELLS:
        for typed, wanted in (("sshguardctl expl", "sshguardctl explain"),
                              ("sshguardctl explain site.no", "explain site.no-passwords"),
                              ("sshguardctl diff /etc/ssh/sshd_config.d/50", f"diff {SITE_DROP_IN}"),
                              ("sshguardctl history --sev", "--severity"),
                              ("sshguardctl edit /etc/pam.d/sshd --exception site.no", "--exception site.no-passwords")):
            complete(machine, shell, typed, wanted)


if __name__ == "__main__":
    sys.exit(main())
