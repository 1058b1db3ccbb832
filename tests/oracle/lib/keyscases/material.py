# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys out of a random generator: what ssh-keygen takes for a key without anybody holding the
private half, and a certificate authority whose private half is known, so that certificates verify."""

from __future__ import annotations

import base64
import hashlib
import random
import struct
from dataclasses import dataclass

NIST = {  # name: (bits, p, b)
    "nistp256": (
        256,
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    "nistp384": (
        384,
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    ),
    "nistp521": (
        521,
        2**521 - 1,
        0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    ),
}

PLAIN = (
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-256",
    "rsa-sha2-512",
    "ssh-mldsa44-ed25519",
    "ssh-mldsa44-ed25519@openssh.com",
)
CERTIFICATES = (
    "ssh-ed25519-cert-v01@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "ssh-dss-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ssh-mldsa44-ed25519-cert",
)
SHORT_NAMES = ("RSA", "DSA", "ED25519", "ECDSA", "ED25519-SK", "ECDSA-SK", "ED25519-CERT")


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def number_bytes(number: int) -> bytes:
    """The bytes of a non-negative mpint, a zero in front where the first bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b""


def point(rng: random.Random, curve: str, start: int | None = None) -> bytes:
    """An uncompressed point; from START on, if that is given, the first x that has one."""
    bits, p, b = NIST[curve]
    x = rng.randrange(p) if start is None else start
    while True:
        square = (x * x * x - 3 * x + b) % p
        y = pow(square, (p + 1) // 4, p)  # every one of these primes is 3 modulo 4
        if y * y % p == square:
            break
        x = (x + 1) % p
    if rng.random() < 0.5:
        y = p - y
    size = (bits + 7) // 8
    return b"\x04" + x.to_bytes(size, "big") + y.to_bytes(size, "big")


def kind_of(name: str) -> str:
    """The plain key inside a type: rsa, dss, ecdsa, ed25519 or mldsa."""
    for kind in ("mldsa", "ed25519", "ecdsa", "dss", "rsa"):
        if kind in name:
            return kind
    raise ValueError(name)


def curve_of(name: str) -> str:
    return name[name.index("nistp") :][:8]


def fields(rng: random.Random, name: str) -> list[bytes]:
    """What stands in the blob behind the type (and behind the nonce of a certificate)."""
    kind = kind_of(name)
    if kind == "rsa":
        bits = rng.choice((1023, 1024, 1025, 2048, 2048, 3072, 4096))
        modulus = rng.getrandbits(bits) | 1 << (bits - 1) | 1
        parts = [number_bytes(rng.choice((3, 65537, 2**32 + 1))), number_bytes(modulus)]
    elif kind == "dss":
        p = rng.getrandbits(1024) | 1 << 1023 | 1
        parts = [number_bytes(n) for n in (p, rng.getrandbits(160), 2, rng.getrandbits(1023))]
    elif kind == "ecdsa":
        curve = curve_of(name)
        start = rng.choice((None,) * 12 + (0, 5, 2**128 - 1, NIST[curve][1] - 50))
        parts = [curve.encode(), point(rng, curve, start)]
    else:
        parts = [rng.randbytes(32 if kind == "ed25519" else 1344)]
    if "sk-" in name:
        parts.append(rng.choice((b"ssh:", b"ssh:home", b"", b"https://example.com")))
    return parts


# --- the authority: RSA, signing by hand


def is_prime(n: int, rng: random.Random) -> bool:
    if any(n % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        x = pow(rng.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits: int, rng: random.Random) -> int:
    while True:
        n = rng.getrandbits(bits) | 3 << (bits - 2) | 1
        if n % 65537 != 1 and is_prime(n, rng):
            return n


DIGEST_INFO = {  # RFC 8017, 9.2
    "ssh-rsa": ("sha1", bytes.fromhex("3021300906052b0e03021a05000414")),
    "rsa-sha2-256": ("sha256", bytes.fromhex("3031300d060960864801650304020105000420")),
    "rsa-sha2-512": ("sha512", bytes.fromhex("3051300d060960864801650304020305000440")),
}


@dataclass(frozen=True)
class Authority:
    n: int
    d: int

    @classmethod
    def make(cls, bits: int = 1536) -> Authority:
        rng = random.Random("authority")
        p, q = prime(bits // 2, rng), prime(bits // 2, rng)
        return cls(p * q, pow(65537, -1, (p - 1) * (q - 1)))

    def blob(self) -> bytes:
        return string(b"ssh-rsa") + string(number_bytes(65537)) + string(number_bytes(self.n))

    def sign(self, data: bytes, algorithm: str) -> bytes:
        digest, prefix = DIGEST_INFO[algorithm]
        size = (self.n.bit_length() + 7) // 8
        tail = b"\0" + prefix + hashlib.new(digest, data).digest()
        padded = b"\0\x01" + b"\xff" * (size - 2 - len(tail)) + tail
        signature = pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(size, "big")
        return string(algorithm.encode()) + string(signature)


AUTHORITY = Authority.make()


def certificate_tail(rng: random.Random, head: bytes) -> bytes:
    """What a certificate has behind its key, signed."""
    principals = b"".join(string(name) for name in rng.sample((b"root", b"bob", b"a,b", b""), 2))
    options = rng.choice((b"", string(b"force-command") + string(string(b"ls"))))
    extensions = rng.choice((b"", string(b"permit-pty") + string(b""), string(b"permit-pty")))
    body = struct.pack(">QI", rng.getrandbits(64), rng.choice((1, 1, 1, 1, 2, 3)))
    body += string(rng.choice((b"id", b"", b"i\0d", b"id\0"))) + string(principals)
    body += struct.pack(">QQ", 0, rng.choice((2**64 - 1, 5)))
    body += string(options) + string(extensions) + string(b"") + string(AUTHORITY.blob())
    signature = AUTHORITY.sign(head + body, rng.choice(tuple(DIGEST_INFO)))
    if rng.random() < 0.15:
        signature = spoil_bytes(rng, signature)
    return body + string(signature)


def spoil_bytes(rng: random.Random, data: bytes) -> bytes:
    """One bit flipped."""
    if not data:
        return data
    i = rng.randrange(len(data))
    return data[:i] + bytes((data[i] ^ 1 << rng.randrange(8),)) + data[i + 1 :]


def blob(name: str, parts: list[bytes], rng: random.Random) -> bytes:
    head = string(name.encode())
    if "-cert" not in name:
        return head + b"".join(string(part) for part in parts)
    head += string(rng.randbytes(32)) + b"".join(string(part) for part in parts)
    return head + certificate_tail(rng, head)


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def random_key(rng: random.Random, name: str) -> str:
    """TYPE and BASE64 of a good key."""
    return f"{name} {encode(blob(name, fields(rng, name), rng))}"
