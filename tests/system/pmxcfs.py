#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system in memory that behaves as Proxmox's pmxcfs does where a guard is concerned: no chmod, no chown, no
links, no exchange, no extended attributes, every file root:www-data 0640, and changes of other nodes send no event.

Usage: pmxcfs.py PID DIRECTORY [NAME=FILE]...: mounts it at DIRECTORY in the mount namespace of PID, with these files
in it, says "mounted", and serves until it is killed. SIGUSR1 stops answering, SIGUSR2 goes on. A line "NAME=TEXT" on
standard input is what another node wrote: the content changes and the kernel is not told.

It speaks the kernel's FUSE protocol (linux/fuse.h, 7.31) itself, so nothing has to be installed for it.
"""

import ctypes
import errno
import os
import select
import signal
import stat
import struct
import sys

(LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, UNLINK, RENAME, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT,
 OPENDIR, READDIR, RELEASEDIR, ACCESS, CREATE, BATCH_FORGET, RENAME2) = (
    1, 2, 3, 4, 9, 10, 12, 14, 15, 16, 17, 18, 20, 25, 26, 27, 28, 29, 34, 35, 42, 45)
FATTR_MODE, FATTR_UID, FATTR_GID, FATTR_SIZE = 1, 2, 4, 8
FOPEN_DIRECT_IO = 1
WWW_DATA = 33
IN_HEADER = struct.Struct("<IIQQIIII")
OUT_HEADER = struct.Struct("<IiQ")
ATTR = struct.Struct("<QQQQQQIIIIIIIIII")
HANDLE = struct.pack("<QIi", 0, FOPEN_DIRECT_IO, 0)
CLONE_NEWNS = 0x20000


class Refused(Exception):
    pass


class FileSystem:
    def __init__(self, files):
        self.names = {}  # (parent, name) -> inode
        self.data = {1: None}  # inode -> content; None: a directory
        for path, content in files.items():
            parent = 1
            *directories, name = path.split("/")
            for directory in directories:
                parent = self.names.get((parent, directory)) or self.add(parent, directory, None)
            self.add(parent, name, bytearray(content))

    def add(self, parent, name, content):
        inode = max(self.data) + 1
        self.names[parent, name] = inode
        self.data[inode] = content
        return inode

    def find(self, parent, name):
        if (parent, name) not in self.names:
            raise Refused(errno.ENOENT)
        return self.names[parent, name]

    def attributes(self, inode):
        content = self.data[inode]
        mode = stat.S_IFDIR | 0o755 if content is None else stat.S_IFREG | 0o640
        size = 0 if content is None else len(content)
        return ATTR.pack(inode, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, WWW_DATA, 0, 4096, 0)

    def entry(self, inode):
        return struct.pack("<QQQQII", inode, 0, 0, 0, 0, 0) + self.attributes(inode)

    def rename(self, parent, body, header):
        new_parent = struct.unpack_from("<Q", body)[0]
        old, new = (name.decode() for name in body[header:].split(b"\0")[:2])
        inode = self.find(parent, old)
        del self.names[parent, old]
        self.names[new_parent, new] = inode

    def read_directory(self, inode, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        names = [name for parent, name in self.names if parent == inode]
        result = b""
        for i, name in list(enumerate(names))[offset:]:
            raw = name.encode()
            entry = struct.pack("<QQII", self.names[inode, name], i + 1, len(raw), 0) + raw
            entry += bytes(-len(entry) % 8)
            if len(result) + len(entry) > size:
                break
            result += entry
        return result

    def set_attributes(self, inode, body):
        valid, _, _, size = struct.unpack_from("<IIQQ", body)
        if valid & (FATTR_MODE | FATTR_UID | FATTR_GID):
            raise Refused(errno.EPERM)
        if valid & FATTR_SIZE:
            content = self.data[inode]
            self.data[inode] = content[:size] + bytes(max(0, size - len(content)))
        return struct.pack("<QII", 0, 0, 0) + self.attributes(inode)

    def serve(self, opcode, inode, body):
        """The body of the answer; raises Refused."""
        name = body.split(b"\0")[0].decode(errors="replace")
        if opcode == INIT:
            return struct.pack("<IIIIHHIIHHI7I", 7, 31, 65536, 0, 12, 10, 65536, 1, 0, 0, 0, *[0] * 7)
        if opcode == LOOKUP:
            return self.entry(self.find(inode, name))
        if opcode == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self.attributes(inode)
        if opcode == SETATTR:
            return self.set_attributes(inode, body)
        if opcode == MKDIR:
            return self.entry(self.add(inode, body[8:].split(b"\0")[0].decode(), None))
        if opcode == CREATE:
            return self.entry(self.add(inode, body[16:].split(b"\0")[0].decode(), bytearray())) + HANDLE
        if opcode == UNLINK:
            self.find(inode, name)
            del self.names[inode, name]
            return b""
        if opcode == RENAME:
            self.rename(inode, body, 8)
            return b""
        if opcode == RENAME2:
            if struct.unpack_from("<QI", body)[1]:
                raise Refused(errno.EINVAL)
            self.rename(inode, body, 16)
            return b""
        if opcode in (OPEN, OPENDIR):
            return HANDLE
        if opcode == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return bytes(self.data[inode][offset:offset + size])
        if opcode == WRITE:
            _, offset, size = struct.unpack_from("<QQI", body)
            self.data[inode][offset:offset + size] = body[40:40 + size]
            return struct.pack("<II", size, 0)
        if opcode == READDIR:
            return self.read_directory(inode, body)
        if opcode == STATFS:
            return struct.pack("<QQQQQIII", 1000, 900, 900, 1000, 900, 4096, 255, 4096) + bytes(28)
        if opcode in (RELEASE, RELEASEDIR, FLUSH, FSYNC, ACCESS):
            return b""
        raise Refused(errno.ENOSYS)


def mount(pid, directory, fd):
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    if libc.setns(namespace, CLONE_NEWNS) < 0:
        raise OSError(ctypes.get_errno(), "setns")
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions".encode()
    if libc.mount(b"/dev/fuse", directory.encode(), b"fuse.pmxcfs", 0, options) < 0:
        raise OSError(ctypes.get_errno(), f"mounting at {directory}")


def main():
    pid, directory, *files = sys.argv[1:]
    system = FileSystem({name: open(path, "rb").read() for name, path in (pair.split("=", 1) for pair in files)})
    state = {"is_stopped": False}
    signal.signal(signal.SIGUSR1, lambda *_: state.update(is_stopped=True))
    signal.signal(signal.SIGUSR2, lambda *_: state.update(is_stopped=False))
    fd = os.open("/dev/fuse", os.O_RDWR)
    mount(pid, directory, fd)
    print("mounted", flush=True)
    while True:
        wanted = [sys.stdin] if state["is_stopped"] else [fd, sys.stdin]
        readable = select.select(wanted, [], [], 0.1)[0]
        if sys.stdin in readable:
            line = sys.stdin.readline()
            if not line:
                return
            path, _, text = line.rstrip("\n").partition("=")
            inode = 1
            for name in path.split("/"):
                inode = system.find(inode, name)
            system.data[inode] = bytearray(text.encode() + b"\n")
            print("written", flush=True)
        if fd not in readable:
            continue
        request = os.read(fd, 1 << 20)
        _, opcode, unique, inode, *_ = IN_HEADER.unpack_from(request)
        if opcode in (FORGET, BATCH_FORGET):
            continue
        try:
            body, error = system.serve(opcode, inode, request[IN_HEADER.size:]), 0
        except Refused as refused:
            body, error = b"", -refused.args[0]
        try:
            os.write(fd, OUT_HEADER.pack(OUT_HEADER.size + len(body), error, unique) + body)
        except OSError as problem:
            if problem.errno != errno.ENOENT:  # who asked is gone
                raise


if __name__ == "__main__":
    main()
