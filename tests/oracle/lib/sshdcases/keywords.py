# SPDX-License-Identifier: GPL-3.0-or-later
"""Every keyword of OpenSSH 8.4 to 10.6, Debian's included: grammar, place, since, until."""

from __future__ import annotations

from dataclasses import dataclass

from . import values
from .values import Grammar

NEVER = 9999


@dataclass(frozen=True)
class Keyword:
    name: str
    grammar: Grammar
    match_since: int = 0  # the release from which it may stand in a Match block; NEVER
    since: int = 0
    until: int = NEVER
    raw: bool = False  # takes the rest of the line as it is

    def known(self, number: int) -> bool:
        return self.since <= number < self.until


def table(grammar: Grammar, names: str, **more) -> list[Keyword]:
    """NAME stands in Match blocks too, NAME! in the global section only, NAME>905 in Match blocks
    since 9.5."""
    made = []
    for name in names.split():
        name, _, since = name.partition(">")
        scope = NEVER if name.endswith("!") else int(since or 0)
        made.append(Keyword(name.rstrip("!"), grammar, scope, **more))
    return made


def build() -> list[Keyword]:
    v = values
    return [
        *table(
            v.FLAG,
            """UsePAM! HostbasedAuthentication HostbasedUsesNameFromPacketOnly PubkeyAuthentication
            DSAAuthentication! PasswordAuthentication KbdInteractiveAuthentication
            PrintMotd! PrintLastLog!
            ChallengeResponseAuthentication>807 IgnoreUserKnownHosts! X11Forwarding X11UseLocalhost
            StrictModes!
            PermitEmptyPasswords TCPKeepAlive! KeepAlive! AllowAgentForwarding UseDNS! PermitTTY
            PermitUserRC
            StreamLocalBindUnlink DisableForwarding ExposeAuthInfo DebianBanner!""",
        ),
        *table(v.FLAG, "SkeyAuthentication", since=807),
        *table(
            v.FLAG,
            """KerberosAuthentication KerberosOrLocalPasswd! KerberosTicketCleanup!
            GSSAPIAuthentication GSSAPICleanupCredentials! GSSAPICleanupCreds!
            GSSAPIStrictAcceptorCheck!
            GSSAPIKeyExchange! GSSAPIStoreCredentialsOnRekey!""",
            until=1001,
        ),
        *table(
            v.FLAG,
            """KerberosAuthentication KerberosOrLocalPasswd! GSSAPIAuthentication
            GSSAPIDelegateCredentials!""",
            since=1003,
        ),
        *table(v.FLAG, "RefuseConnection", since=909),
        *table(v.FLAG, "WarnWeakCrypto!", since=1006),
        *table(v.ROOT_LOGIN, "PermitRootLogin"),
        *table(v.IGNORE_RHOSTS, "IgnoreRhosts"),
        *table(v.TCP_FORWARDING, "AllowTcpForwarding AllowStreamLocalForwarding"),
        *table(v.GATEWAY, "GatewayPorts"),
        *table(v.COMPRESSION, "Compression!"),
        *table(v.FAMILY, "AddressFamily!"),
        *table(v.TUNNEL, "PermitTunnel"),
        *table(v.LEVEL, "LogLevel"),
        *table(v.FACILITY, "SyslogFacility!"),
        *table(v.DIGEST, "FingerprintHash!"),
        *table(v.INTEGER, "X11DisplayOffset MaxAuthTries MaxSessions ClientAliveCountMax"),
        *table(v.INTEGER, "RequiredRSASize", since=901),
        *table(v.PORT, "Port!"),
        *table(v.LISTEN, "ListenAddress!"),
        *table(v.MASK, "StreamLocalBindMask"),
        *table(v.TIME, "LoginGraceTime! ClientAliveInterval"),
        *table(v.TIME_OR_NONE, "UnusedConnectionTimeout", since=902),
        *table(v.CHANNELS, "ChannelTimeout", since=902),
        *table(v.REKEY, "RekeyLimit"),
        *table(v.QOS, "IPQoS"),
        *table(v.KEY_OPTIONS, "PubkeyAuthOptions", until=1006),
        *table(v.MORE_KEY_OPTIONS, "PubkeyAuthOptions", since=1006),
        *table(v.USER_ENVIRONMENT, "PermitUserEnvironment!"),
        *table(v.PATH, "PidFile! XAuthLocation! Banner TrustedUserCAKeys"),
        *table(v.PATH, "ModuliFile!", since=806),
        *table(v.PATH, "SshdSessionPath!", since=908),
        *table(v.PATH, "SshdAuthPath!", since=1000),
        *table(v.PATH, "RevokedKeys", until=1003),
        *table(v.FILES, "RevokedKeys", since=1003),
        *table(v.FILES, "AuthorizedKeysFile"),
        *table(v.ONE_FILE, "AuthorizedPrincipalsFile"),
        *table(v.CHROOT, "ChrootDirectory"),
        *table(v.HOST_KEY, "HostKey! HostDSAKey!"),
        *table(v.PATH, "HostCertificate!"),
        *table(v.HOST_KEY_AGENT, "HostKeyAgent!"),
        *table(v.PROVIDER, "SecurityKeyProvider!"),
        *table(v.AGENT_SOCKET, "AgentSocketPath", since=1006),
        *table(v.PERMIT_OPEN, "PermitOpen"),
        *table(v.PERMIT_LISTEN, "PermitListen"),
        *table(v.ACCEPT_ENV, "AcceptEnv"),
        *table(v.SET_ENV, "SetEnv"),
        *table(v.USER_PATTERNS, "AllowUsers DenyUsers"),
        *table(v.GROUP_PATTERNS, "AllowGroups DenyGroups"),
        *table(v.METHODS, "AuthenticationMethods"),
        *table(v.LOG_VERBOSE, "LogVerbose", since=805),
        *table(v.SUBSYSTEM, "Subsystem>905"),
        *table(v.START_UPS, "MaxStartups!"),
        *table(v.SOURCE_START_UPS, "PerSourceMaxStartups!", since=805),
        *table(v.NET_BLOCK, "PerSourceNetBlockSize!", since=805),
        *table(v.PENALTIES, "PerSourcePenalties!", since=908),
        *table(v.PENALTY_EXEMPT, "PerSourcePenaltyExemptList!", since=908),
        *table(v.SERVICE_NAME, "PAMServiceName", since=908),
        *table(v.LOCAL_USER, "AuthorizedKeysCommandUser AuthorizedPrincipalsCommandUser"),
        *table(v.CIPHERS, "Ciphers!"),
        *table(v.MACS, "MACs!"),
        *table(v.KEX, "KexAlgorithms!"),
        *table(v.GSS_KEX, "GSSAPIKexAlgorithms!", until=1001),
        *table(v.KEYS, "HostKeyAlgorithms! PubkeyAcceptedKeyTypes HostbasedAcceptedKeyTypes"),
        *table(v.KEYS, "PubkeyAcceptedAlgorithms HostbasedAcceptedAlgorithms", since=805),
        *table(v.PLAIN_KEYS, "CASignatureAlgorithms"),
        *table(v.COMMAND, "ForceCommand", raw=True),
        *table(v.ABSOLUTE, "AuthorizedKeysCommand AuthorizedPrincipalsCommand", raw=True),
        *table(v.ADDENDUM, "VersionAddendum!", raw=True),
        *table(
            v.ANYTHING,
            """ServerKeyBits! KeyRegenerationInterval! RhostsAuthentication!
            RhostsRSAAuthentication RSAAuthentication CheckMail! UseLogin! VerifyReverseMapping!
            ReverseMappingCheck! AuthorizedKeysFile2 UsePrivilegeSeparation! KerberosTgtPassing!
            AFSTokenPassing! Protocol! PermitBlacklistedKeys! KerberosGetAFSToken!""",
        ),
        *table(v.ANYTHING, "PAMAuthenticationViaKbdInt!", until=1004),
    ]


KEYWORDS = build()
UNKNOWN = (
    "Foo",
    "PermitRoot",
    "Host",
    "IdentityFile",
    "IgnoreUnknown",
    "UseBlacklist",
    "SshdFoo",
    "PermitRootLogins",
    "Tag",
    "AllowUser",
    "RDomain",
    "GSSAPIEnablek5users",
)
# Keywords that look at one another, or are one by another name.
FAMILIES = tuple(
    tuple(family.split())
    for family in (
        """AuthenticationMethods PasswordAuthentication KbdInteractiveAuthentication
        ChallengeResponseAuthentication PubkeyAuthentication HostbasedAuthentication
        GSSAPIAuthentication GSSAPIKeyExchange SkeyAuthentication DSAAuthentication""",
        "Port ListenAddress AddressFamily",
        """AuthorizedKeysCommand AuthorizedKeysCommandUser AuthorizedPrincipalsCommand
        AuthorizedPrincipalsCommandUser""",
        "PubkeyAcceptedKeyTypes PubkeyAcceptedAlgorithms HostbasedAcceptedAlgorithms",
        "HostKey HostDSAKey HostCertificate HostKeyAgent RequiredRSASize",
        "MaxStartups PerSourceMaxStartups PerSourceNetBlockSize PerSourcePenalties",
        "TCPKeepAlive KeepAlive ClientAliveInterval RekeyLimit",
        "Subsystem ForceCommand SetEnv AcceptEnv",
        "LogLevel SyslogFacility LogVerbose",
    )
)
