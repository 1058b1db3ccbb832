# SPDX-License-Identifier: GPL-3.0-or-later
"""Usage: TREE=… path_unit.py BUILD COUNT: how long a bad version stays in force where a path unit of systemd starts a
script that puts it back, and beside it the floor program, both on the machine in TREE, which is booted for it. In
lines of tests/bench/revert."""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from machine import Machine  # pylint: disable=wrong-import-position

PAUSE_MS = 300  # a change while the script of the last one runs is missed
UNITS = {
    "put-back.path": "[Path]\nPathChanged={file}\nTriggerLimitIntervalSec=0\n",
    "put-back.service": "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nExecStart=/usr/local/bin/put-back\n",
}
SCRIPT = "#!/bin/sh\ncmp -s {file}.good {file} || {{ cp {file}.good {file}.new && mv {file}.new {file}; }}\n"
CONTENT = "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication {}\nUsePAM yes\n" + "".join(
    f"# line {i} of a file of the usual size\n" for i in range(100))


def measure(machine, name, file, count):
    result = machine.run(f"bench_revert_time {file} {file}.bad {count} {name} {PAUSE_MS}", seconds=600, check=False)
    return result.stdout.split() or (name, None, None)


def measure_floor(machine, file, count):
    machine.run(f"systemd-run --quiet --unit=floor bench_revert_floor {file}")
    machine.run("sleep 1")
    result = measure(machine, "floor", file, count)
    machine.run("systemctl stop floor")
    return result


def measure_path_unit(machine, file, count):
    for name, text in UNITS.items():
        machine.write(f"/etc/systemd/system/{name}", text.format(file=file))
    machine.write("/usr/local/bin/put-back", SCRIPT.format(file=file), "0755")
    machine.run("systemctl daemon-reload && systemctl start put-back.path")
    result = measure(machine, "path-unit", file, count)
    machine.run("systemctl stop put-back.path")
    return result


def main():
    build, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    tree = pathlib.Path(os.environ["TREE"])
    for program in ("bench_revert_time", "bench_revert_floor"):
        shutil.copy(build / "bench" / program, tree / "usr/local/bin")
    with Machine(tree) as machine:
        for kind, place in (("booted", "/var/tmp"), ("booted/t", "/dev/shm")):
            file = f"{place}/sshd_config"
            machine.write(file, CONTENT.format("no"))
            machine.write(file + ".good", CONTENT.format("no"))
            machine.write(file + ".bad", CONTENT.format("yes"))
            floor = measure_floor(machine, file, count)
            for name, median, tail in (floor, measure_path_unit(machine, file, count)):
                if median:
                    print(f"{kind:8} {name:12} {median:>10} {tail:>10} {int(median) / int(floor[1]):8.2f}")
                else:
                    print(f"{kind:8} {name:12} a change was missed")


main()
