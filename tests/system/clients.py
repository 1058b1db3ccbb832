#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket with clients that are not ours, on a real machine: who may call which method, asked byte by byte
as each kind of user and from user namespaces; and two programs of Debian trixie that know Varlink and nothing of
sshguardd, varlinkctl and python3-varlink.

Usage: tests/system/clients.py PACKAGE, with TREE naming the machine's root folder.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

from machine import eventually
from suite import alerts, check, ctl, expect, main

SITE_DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
SITE_POLICY = """rules = ( { id = "site.no-passwords"; sshd = "PasswordAuthentication"; must = "no";
    response = "revert"; severity = "critical"; why = "A guessed password must not open a session."; },
    { id = "site.no-greeting"; file = "/etc/ssh/greeting"; absent = true; } );
"""
SOCKET = "/run/sshguardd/control.sock"
INTERFACE = "org.sshguardd.Control"
SERVICE = "org.varlink.service"
HERE = pathlib.Path(__file__).resolve().parent
TREES = HERE.parent / "trees/tree"
MANUAL = HERE.parents[1] / "docs/org.sshguardd.Control.7"


def tree_of_trixie(*options):
    return subprocess.run([TREES, "trixie", *options], capture_output=True, text=True, check=True).stdout.strip()


@check
def the_guard_is_installed(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.write(SITE_DROP_IN, "PasswordAuthentication no\n")
    machine.write("/etc/sshguardd/policy.d/50-site.conf", SITE_POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("useradd -m alice && useradd -m -G sshguardd bob && useradd -m carol && useradd -m dave")
    machine.run("""echo 'control = { read = [ "carol" ]; change = [ "dave" ]; };' >>/etc/sshguardd/sshguardd.conf""")
    machine.run("systemctl enable --now sshguardd")
    eventually("it guards", lambda: ctl(machine, "status")["state"] == "guarding")


# ---- who may call what ----

# Each method on a connection of its own, with a parameter that no method has: permission is decided before that is
# seen, and nothing happens. Prints "METHOD ERROR" lines; of whom the socket does not let in, "METHOD unreachable".
PROBE = r"""
use IO::Socket::UNIX;
$/ = "\0";
for my $method (@ARGV) {
    my $socket = IO::Socket::UNIX->new(Peer => "SOCKET") or do { print "$method unreachable\n"; next };
    $socket->send("{\"method\":\"$method\",\"more\":true,\"parameters\":{\"nonsense\":1}}\0");
    my ($error) = <$socket> =~ /"error":\s*"([^"]*)"/;
    print "$method $error\n";
}
""".replace("SOCKET", SOCKET)
CLASSES = ("introspect", "read", "change")  # in the manual's order
USERS = {  # what each may call
    "root": ("introspect", "read", "change"),
    "bob": ("introspect", "read"),
    "carol": ("introspect", "read"),
    "dave": ("introspect", "read", "change"),
    "alice": ("introspect",),
}
NAMESPACES = ("", "unshare --user", "unshare --user --map-root-user")


def classes_of_manual():
    """Which methods the manual has in each of its three paragraphs of who may call what."""
    section = MANUAL.read_text().split(".Ss Who may call what")[1].split(".El")[0]
    paragraphs = section.split(".It ")[1:]
    expect(len(paragraphs) == len(CLASSES), f"the manual has {len(paragraphs)} paragraphs of who may call what")
    return {name: set(re.findall(r"^\.Fn (\w+)", paragraph, re.MULTILINE))
            for name, paragraph in zip(CLASSES, paragraphs)}


def methods_of_interfaces(machine):
    """Class by method, of every method in the installed interface files."""
    classes, methods = classes_of_manual(), {}
    for interface in (SERVICE, INTERFACE):
        text = machine.read(f"/usr/share/sshguardd/varlink/{interface}.varlink")
        for name in re.findall(r"^method (\w+)", text, re.MULTILINE):
            stands_in = [kind for kind, names in classes.items() if name in names]
            expect(len(stands_in) == 1, f"the manual has {name} in {len(stands_in)} paragraphs")
            methods[f"{interface}.{name}"] = stands_in[0]
    expect(len(methods) == sum(map(len, classes.values())), "the manual has a method that no interface has")
    return methods


def probe(machine, user, namespace, methods):
    said = machine.run(f"{namespace} perl - {' '.join(methods)}", user=user, stdin=PROBE).stdout
    return dict(line.split(" ") for line in said.splitlines())


def expect_classes(machine, wanted, refusal):
    """Every method answers each user, in each kind of user namespace, as WANTED[user] says; else with REFUSAL."""
    methods = methods_of_interfaces(machine)
    for user, allowed in wanted.items():
        for namespace in NAMESPACES if user != "root" else ("",):
            got = probe(machine, user, namespace, methods)
            expect(set(got) == set(methods), f"{user}: {set(methods) - set(got)} got no answer")
            for method, kind in methods.items():
                answer = f"{SERVICE}.InvalidParameter" if kind in allowed else refusal
                expect(got[method] == answer, f"{namespace} {user}'s {method}: {got[method]}, not {answer}")


@check
def every_method_answers_whom_the_manual_names(machine):
    expect_classes(machine, {user: allowed for user, allowed in USERS.items() if user != "alice"},
                   f"{SERVICE}.PermissionDenied")


@check
def a_stranger_does_not_even_connect(machine):
    expect_classes(machine, {"alice": ()}, "unreachable")


@check
def not_the_mode_of_the_socket_decides(machine):
    machine.run(f"chmod o+rw {SOCKET}")
    expect_classes(machine, {"alice": USERS["alice"]}, f"{SERVICE}.PermissionDenied")
    machine.run(f"chmod o-rw {SOCKET}")


# ---- who listens ----

@check
def a_listener_hears_all_that_happens(machine):
    machine.run("sshguardctl --json monitor >/root/heard 2>&1 & echo $! >/root/listener")
    eventually("it listens", lambda: machine.read("/root/heard"))
    machine.write(SITE_DROP_IN, "PasswordAuthentication yes\n")
    eventually("it is reverted", lambda: "no" in machine.read(SITE_DROP_IN))
    machine.write("/etc/ssh/greeting", "hello\n")
    eventually("it is a finding", lambda: "/etc/ssh/greeting" in str(ctl(machine, "findings")))
    machine.run("rm /etc/ssh/greeting; sshguardctl reload; sshguardctl pause --for 1h --reason lunch; sshguardctl resume")
    heard = eventually("it hears that all is well", lambda: [
        json.loads(line)["event"] for line in machine.read("/root/heard").splitlines()
        if '"resolved"' in machine.read("/root/heard") and "lunch" in machine.read("/root/heard")])
    kinds = {event["kind"] for event in heard}
    expect(kinds == {"state", "policy", "incident", "finding", "resolved"}, f"it heard {kinds}")
    for kind, about in (("incident", "site.no-passwords"), ("finding", "site.no-greeting"), ("resolved", "site.no-greeting")):
        rules = {(event["incident"] or event["finding"])["rule"] for event in heard if event["kind"] == kind}
        expect(about in rules, f"{kind}: {rules}")
    machine.run("systemctl stop sshguardd")
    eventually("it hears the end", lambda: "no longer watching" in machine.read("/root/heard"))
    machine.run("systemctl start sshguardd")
    eventually("it guards again", lambda: ctl(machine, "status")["state"] == "guarding")


# ---- varlinkctl ----

def varlinkctl(machine, arguments, status=0):
    """Debian trixie's program with trixie's own libraries, at the machine's socket."""
    tree = tree_of_trixie()
    libraries = f"{tree}/usr/lib/x86_64-linux-gnu"
    command = [f"{tree}/lib64/ld-linux-x86-64.so.2", "--library-path", f"{libraries}:{libraries}/systemd",
               f"{tree}/usr/bin/varlinkctl", *(word.replace("SOCKET", f"unix:/proc/{machine.leader}/root{SOCKET}")
                                               for word in arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    expect((result.returncode != 0) == status, f"varlinkctl {arguments} ended with {result.returncode}: "
           f"{result.stdout[-300:]}{result.stderr[-300:]}")
    return result.stdout + result.stderr


def call(machine, method, parameters=None, *options, status=0):
    return varlinkctl(machine, ["call", "--json=short", *options, "SOCKET", f"{INTERFACE}.{method}",
                                json.dumps(parameters or {})], status)


def values(said):
    return [json.loads(line) for line in said.replace("\x1e", "").splitlines() if line.startswith("{")]


@check
def varlinkctl_knows_the_service(machine):
    expect(f"{INTERFACE}\n" in varlinkctl(machine, ["info", "SOCKET"]), "info does not name the interface")
    shown = varlinkctl(machine, ["introspect", "SOCKET", INTERFACE])
    installed = machine.read(f"/usr/share/sshguardd/varlink/{INTERFACE}.varlink")
    for word in ("method Status", "method Install", "error ContentChanged", "type Finding"):
        expect(word in shown and word in installed, f"introspect does not show {word!r}")
    methods = varlinkctl(machine, ["list-methods", "SOCKET"]).split()
    expect(len(methods) == len(set(methods)) and f"{INTERFACE}.Monitor" in methods, str(methods))


@check
def varlinkctl_calls(machine):
    status = values(call(machine, "Status"))[0]
    expect(status == status | {"mode": "enforce", "state": "guarding"}, str(status))
    expect("ListFiles" not in call(machine, "ListFiles", {"limit": 1}), "an error")


@check
def varlinkctl_gets_many_replies(machine):
    replies = values(call(machine, "Check", {}, "--more"))
    expect(replies[-1]["findings"] is not None, f"the last reply is no end: {replies[-1]}")
    expect(all(reply["done"] <= reply["total"] for reply in replies), f"more was done than there is: {replies}")


@check
def varlinkctl_gets_typed_errors(machine):
    for method, parameters, error in (
            ("Explain", {"rule": "site.no-password"}, f'{INTERFACE}.NoSuchRule'),
            ("GetIncident", {"id": 4711}, f"{INTERFACE}.NoSuchIncident"),
            ("GetIncident", {"id": "x"}, "org.varlink.service.InvalidParameter"),
            ("Approve", {"path": SITE_DROP_IN, "sha256": "absent"}, f"{INTERFACE}.ContentChanged"),
            ("Nonsense", {}, "org.varlink.service.MethodNotFound"),
            ("Monitor", {}, "org.varlink.service.ExpectedMore")):
        said = call(machine, method, parameters, status=1)
        expect(error in said, f"{method} says {said}")
    expect('"nearest":"site.no-passwords"' in call(machine, "Explain", {"rule": "site.no-password"}, status=1),
           "it does not say which rule was meant")


@check
def a_oneway_call_is_done_and_not_answered(machine):
    permit = {"path": SITE_DROP_IN, "until_us": 9000000000000000, "reason": "nobody waits"}
    expect(call(machine, "Permit", permit, "--oneway").strip() == "", "it was answered")
    eventually("it was done", lambda: any(permit["reason"] == "nobody waits"
                                          for permit in ctl(machine, "permit")["permits"]))
    # a costly one stands in line, and its peer is gone by then
    digest = machine.run(f"sha256sum {SITE_DROP_IN}").stdout.split()[0]
    after = machine.journal_end()
    call(machine, "Approve", {"path": SITE_DROP_IN, "sha256": digest, "reason": "nobody waits"}, "--oneway")
    eventually("it was approved", lambda: alerts(machine, "APPROVED", after))


# ---- python3-varlink ----

def python_varlink(*arguments):
    """What a program of trixie's python3-varlink prints."""
    tree = tree_of_trixie("--with", "python3-varlink")
    result = subprocess.run(["python3", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                            cwd="/", env={**os.environ, "PYTHONPATH": f"{tree}/usr/lib/python3/dist-packages"})
    expect(result.returncode == 0, f"python3-varlink ended with {result.returncode}: {result.stderr[-600:]}")
    return result.stdout + result.stderr


def address_in(machine):
    return f"unix:/proc/{machine.leader}/root{SOCKET}"


@check
def its_program_knows_the_service(machine):
    said = python_varlink("-m", "varlink.cli", "info", address_in(machine))
    expect(f"Product: sshguardd\n" in said and INTERFACE in said, said)
    said = python_varlink("-m", "varlink.cli", "help", f"{address_in(machine)}/{INTERFACE}")
    expect(machine.read(f"/usr/share/sshguardd/varlink/{INTERFACE}.varlink").strip() in said, said)


@check
def its_program_calls(machine):
    def call_with(method, *arguments):
        return python_varlink("-m", "varlink.cli", "call", *arguments[1:], f"{address_in(machine)}/{INTERFACE}.{method}",
                              *arguments[:1])

    expect('"mode": "enforce"' in call_with("Status"), "no status")
    expect('"findings": ' in call_with("Check", "{}", "--more"), "no end of a check")
    expect(f"{INTERFACE}.NoSuchRule" in call_with("Explain", '{"rule": "site.no-password"}'), "no typed error")


@check
def its_library_holds_every_reply_against_the_interface(machine):
    said = json.loads(python_varlink(HERE / "varlink_session.py", address_in(machine), SITE_DROP_IN, "site.no-passwords"))
    expect(said["interfaces"] == [INTERFACE, SERVICE], said["interfaces"])
    asked, decided = said["asked"], said["decided"]
    n_files, n_findings = (len(ctl(machine, name)[name]) for name in ("files", "findings"))
    expect(asked["files"] == {"count": n_files, "twice": 0}, f"{asked['files']}, not {n_files} files")
    expect(asked["findings"] == {"count": n_findings, "twice": 0}, f"{asked['findings']}, not {n_findings} findings")
    expect(asked["mode"] == "enforce" and asked["explained"] == "site.no-passwords" in asked["rules"], str(asked))
    expect(asked["metrics"] == "# EOF" and asked["generated"], str(asked))
    errors = {"rule": ["NoSuchRule", {"rule": "site.no-password", "nearest": "site.no-passwords"}],
              "incident": ["NoSuchIncident", {"incident": 4711}], "path": ["NoSuchPath", {"path": "/etc/motd"}]}
    for name, (error, parameters) in errors.items():
        expect(said["errors"][name] == [f"{INTERFACE}.{error}", parameters], said["errors"][name])
    expect(said["errors"]["content"][0] == f"{INTERFACE}.ContentChanged", said["errors"]["content"])
    *progress, end = said["passes"]
    expect(end[2] == n_findings and all(reply[2] is None for reply in progress), said["passes"])
    expect(decided["first"] == "state" and decided["listed"] == ["\u00fcber python3-varlink"], str(decided))
    expect("\u00fcber python3-varlink" in decided["paused"] and not decided["stays"], str(decided))


if __name__ == "__main__":
    sys.exit(main())
