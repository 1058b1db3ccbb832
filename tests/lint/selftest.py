#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of this folder fail when they should: each breakage is made in a scratch copy of the tree."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
COPIED = ("daemon", "client", "include", "systemd", "CMakeLists.txt", "ARCHITECTURE.md", ".clang-format",
          ".clang-tidy")
HEAD = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n/* A module made to be wrong. */\n"
OPENS = HEAD + "#include <fcntl.h>\nint broken_look(void);\nint broken_look(void) {\n" \
               "        return open(\"/etc/passwd\", O_RDONLY);\n}\n"
COUNTS = HEAD + "int broken_count(void);\nint broken_count(void) {\n" \
                "        static int count;\n        return count++;\n}\n"


class Breakage(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="sshguardd-lint.")
        self.addCleanup(scratch.cleanup)
        self.tree = pathlib.Path(scratch.name)
        for name in COPIED:
            path = SOURCE / name
            if path.is_dir():
                shutil.copytree(path, self.tree / name)
            elif path.exists():
                shutil.copy(path, self.tree / name)

    def check(self, *command):
        """Runs a check on the scratch copy; (exit status, what it printed)."""
        result = subprocess.run([str(HERE / command[0]), *map(str, command[1:])],
                                capture_output=True, text=True)
        return result.returncode, result.stdout + result.stderr

    def write(self, name, content):
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def assert_complains(self, expected, *command):
        status, output = self.check(*command)
        self.assertNotEqual(status, 0, output)
        self.assertIn(expected, output)

    def build_room(self, room, content):
        """Makes libroom_ROOM.a of one object, as the dev preset would; the build folder."""
        source = self.write(f"daemon/{room}/broken.c", content)
        build = self.tree / "build"
        build.mkdir()
        subprocess.run(["gcc", "-c", source, "-o", build / "broken.o"], check=True)
        subprocess.run(["ar", "rc", build / f"libroom_{room}.a", build / "broken.o"], check=True)
        return build

    def test_the_copy_itself_is_clean(self):
        status, output = self.check("floors.py", "--source", self.tree)
        self.assertEqual(status, 0, output)

    def test_a_pure_room_that_opens_a_file(self):
        build = self.build_room("sshd", OPENS)
        self.assert_complains("daemon/sshd: a pure room must not use open()",
                              "purity.py", "--source", self.tree, "--build", build)

    def test_a_pure_room_with_state(self):
        build = self.build_room("pam", COUNTS)
        self.assert_complains("daemon/pam: a pure room must not hold writable state: count",
                              "purity.py", "--source", self.tree, "--build", build)

    def test_os_may_open_files(self):
        build = self.build_room("os", OPENS)
        self.build_archive_of_base(build)
        status, output = self.check("purity.py", "--source", self.tree, "--build", build)
        self.assertEqual(status, 0, output)

    def build_archive_of_base(self, build):
        source = self.write("base.c", HEAD + "int base_one(void);\nint base_one(void) {\n"
                                             "        return 1;\n}\n")
        subprocess.run(["gcc", "-c", source, "-o", build / "base.o"], check=True)
        subprocess.run(["ar", "rc", build / "libroom_base.a", build / "base.o"], check=True)

    def test_a_broken_floor(self):
        self.write("daemon/sshd/broken.c", HEAD + '#include "os/snapshot.h"\n')
        self.assert_complains("daemon/sshd/broken.c: sshd must not use os",
                              "floors.py", "--source", self.tree)

    def test_neighbours_that_may_never_meet(self):
        self.write("include/pam/broken.h", HEAD + '#pragma once\n#include "sshd/config.h"\n')
        self.assert_complains("include/pam/broken.h: pam must not use sshd",
                              "floors.py", "--source", self.tree)

    def test_a_client_that_reaches_into_the_daemon(self):
        self.write("client/broken.c", HEAD + '#include "policy/rule.h"\n')
        self.assert_complains("client/broken.c: client must not use policy",
                              "floors.py", "--source", self.tree)

    def test_a_floor_broken_in_cmake(self):
        lists = self.tree / "CMakeLists.txt"
        lists.write_text(lists.read_text().replace("add_room(sshd   PURE USES base)",
                                                   "add_room(sshd   PURE USES os base)"))
        self.assert_complains("add_room(sshd)", "floors.py", "--source", self.tree)

    def test_a_header_that_needs_another_first(self):
        self.write("include/base/broken.h", HEAD + "#pragma once\nsize_t broken_size(void);\n")
        self.assert_complains("include/base/broken.h: does not compile alone", "headers", self.tree)

    def test_a_file_clang_format_would_change(self):
        self.write("daemon/base/broken.c", HEAD + "int  broken ;\n")
        self.assert_complains("broken.c", "format", self.tree)

    def test_a_function_that_is_too_long(self):
        body = "        broken_step();\n" * 80
        self.write("daemon/base/broken.c", HEAD + "void broken_long(void) {\n" + body + "}\n")
        self.assert_complains("daemon/base/broken.c: broken_long(): 82 lines",
                              "shape.py", "--source", self.tree)

    def test_a_file_without_its_opening(self):
        self.write("daemon/base/broken.c", "int broken;\n")
        self.assert_complains("daemon/base/broken.c: does not open", "shape.py", "--source", self.tree)

    def test_a_text_of_a_field_that_is_not_there(self):
        known = "0123456789abcdef0123456789abcdef"
        self.write("systemd/sshguardd.catalog", f"-- {known}\nSubject: Known\n\nSee @SSHGUARDD_WITNESS@.\n")
        self.write("include/guard/messages.h", f'#define MESSAGE_A "{known}"\n')
        self.assert_complains("speaks of SSHGUARDD_WITNESS", "messages.py", "--source", self.tree)

    def test_a_message_nobody_explains(self):
        known, unknown = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
        self.write("systemd/sshguardd.catalog", f"-- {known}\nSubject: Known\n\nText.\n")
        self.write("include/guard/messages.h", f'#define A "{known}"\n#define B "{unknown}"\n')
        self.assert_complains(f"does not explain {unknown}", "messages.py", "--source", self.tree)

    def test_a_script_shellcheck_refuses(self):
        self.write("scripts/broken", "#!/bin/sh\nrm $1/*\n")
        self.assert_complains("SC2086", "shell", self.tree)

    def test_a_manual_with_a_mistake(self):
        self.write("docs/broken.8", ".Dd November 20, 2026\n.Dt BROKEN 8\n.Os\n.Sh NAME\n.Nm broken\n"
                                    ".Nd wrong\n.Sh SYNOPSIS\n.Bd\ntext\n")
        self.assert_complains("broken.8", "manuals", self.tree)

    def test_what_clang_tidy_must_not_find(self):
        source = self.write("daemon/base/broken.c", HEAD + "int broken(int *p);\nint broken(int *p) {\n"
                            "        return p == 0 ? 1 / (p != 0) : *p;\n}\n")
        build = self.tree / "build"
        build.mkdir()
        shutil.rmtree(self.tree / "client", ignore_errors=True)
        for other in (self.tree / "daemon").rglob("*.c"):
            if other != source:
                other.unlink()
        (build / "compile_commands.json").write_text(
            f'[{{"directory": "{self.tree}", "file": "{source}", "command": "gcc -c {source}"}}]')
        self.assert_complains("clang-analyzer", "tidy", build, self.tree)


if __name__ == "__main__":
    unittest.main(verbosity=1, argv=sys.argv)
