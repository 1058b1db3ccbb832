/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of the keyword table, and looking them up.
 *
 * A keyword whose scope, grammar or default changed between releases has one row per stretch of
 * releases. Settings stand in the order in which `sshd -T` prints them, names that are only read
 * over at the end; lookups take the first row of a name that is of the release.
 *
 * Facts: servconf.c of every release from 8.4 to 10.5, Debian's patches of 8.4, 9.2, 10.0 and 10.6,
 * and what their sshd prints. Debian's build has PAM, Kerberos and (up to 10.4) GSSAPI key
 * exchange; upstream's stands for a build with PAM only. */

#include "table.h"

#include <string.h>
#include <strings.h>

#include "algorithms.h"
#include "base/cleanup.h"

#define NAMES(name_, lower_)                                                                       \
        .name = (name_), .lower_name = (lower_), .n_name = sizeof(lower_) - 1, .first = (lower_)[0]
#define ROW(name_, lower_, setting_, reader_, initial_, ...)                                       \
        {                                                                                          \
                NAMES(name_, lower_), .setting = SETTING_##setting_,                               \
                                      .grammar = &grammar_##reader_, .initial = (initial_),        \
                                      __VA_ARGS__                                                  \
        }
#define ALIAS(name_, lower_, setting_, reader_, ...)                                               \
        ROW(name_, lower_, setting_, reader_, NULL, .use = KEYWORD_ALIAS, __VA_ARGS__)
#define LEGACY(name_, lower_, use_, ...)                                                           \
        {                                                                                          \
                NAMES(name_, lower_), .setting = SETTING_NONE, .use = KEYWORD_##use_,              \
                                      .layout = LAYOUT_HIDDEN, __VA_ARGS__                         \
        }

#define MATCH      .flags = KEYWORD_IN_MATCH
#define EACH       .layout = LAYOUT_EACH
#define COMMAS     .layout = LAYOUT_COMMAS
#define APPEND     .repeat = REPEAT_APPEND
#define NONE(when) .clearing = CLEAR_##when, .cleared = "none"
#define PATH       .names = "path"
#define COMMAND    .names = "command"

/* clang-format off */
const struct keyword keyword_table[] = {
        ROW("Port", "port", PORT, port, "22", APPEND, EACH),
        ROW("AddressFamily", "addressfamily", ADDRESS_FAMILY, address_family, "any"),
        ROW("ListenAddress", "listenaddress", LISTEN_ADDRESS, listen_address, NULL, APPEND, EACH),
        ROW("UsePAM", "usepam", USE_PAM, flag, "no"),
        ROW("PAMServiceName", "pamservicename", PAM_SERVICE_NAME, pam_service, "sshd", MATCH,
            .since = 908, .until = 1004),
        ROW("PAMServiceName", "pamservicename", PAM_SERVICE_NAME, pam_service, "sshd",
            .since = 1004, .until = 1005),
        ROW("PAMServiceName", "pamservicename", PAM_SERVICE_NAME, pam_service, "sshd",
            .flags = KEYWORD_IN_MATCH | KEYWORD_NOT_COPIED, .since = 1005, .until = 1006),
        ROW("PAMServiceName", "pamservicename", PAM_SERVICE_NAME, pam_service, "sshd", MATCH,
            .since = 1006),
        ROW("LoginGraceTime", "logingracetime", LOGIN_GRACE_TIME, time, "120"),
        ROW("X11DisplayOffset", "x11displayoffset", X11_DISPLAY_OFFSET, int, "10", MATCH),
        ROW("MaxAuthTries", "maxauthtries", MAX_AUTH_TRIES, int, "6", MATCH),
        ROW("MaxSessions", "maxsessions", MAX_SESSIONS, int, "10", MATCH),
        ROW("ClientAliveInterval", "clientaliveinterval", CLIENT_ALIVE_INTERVAL, time, "0", MATCH),
        ROW("ClientAliveCountMax", "clientalivecountmax", CLIENT_ALIVE_COUNT_MAX, int, "3", MATCH),
        ROW("RequiredRSASize", "requiredrsasize", REQUIRED_RSA_SIZE, int, "1024", MATCH,
            .since = 901),
        ROW("StreamLocalBindMask", "streamlocalbindmask", STREAM_LOCAL_BIND_MASK, mask, "0177",
            MATCH, .repeat = REPEAT_LAST, .until = 1006),
        ROW("StreamLocalBindMask", "streamlocalbindmask", STREAM_LOCAL_BIND_MASK, mask, "0177",
            MATCH, .since = 1006),
        ROW("UnusedConnectionTimeout", "unusedconnectiontimeout", UNUSED_CONNECTION_TIMEOUT,
            unused_timeout, "none", MATCH, .since = 902),
        ROW("PermitRootLogin", "permitrootlogin", PERMIT_ROOT_LOGIN, permit_root_login,
            "without-password", MATCH, .until = 1001),
        ROW("PermitRootLogin", "permitrootlogin", PERMIT_ROOT_LOGIN, permit_root_login,
            "prohibit-password", MATCH, .since = 1001),
        ROW("IgnoreRhosts", "ignorerhosts", IGNORE_RHOSTS, ignore_rhosts, "yes", MATCH),
        ROW("IgnoreUserKnownHosts", "ignoreuserknownhosts", IGNORE_USER_KNOWN_HOSTS, flag, "no"),
        ROW("HostbasedAuthentication", "hostbasedauthentication", HOSTBASED_AUTHENTICATION, flag,
            "no", MATCH),
        ROW("HostbasedUsesNameFromPacketOnly", "hostbasedusesnamefrompacketonly",
            HOSTBASED_USES_NAME_FROM_PACKET_ONLY, flag, "no", MATCH),
        ROW("PubkeyAuthentication", "pubkeyauthentication", PUBKEY_AUTHENTICATION, flag, "yes",
            MATCH),
        ROW("KerberosAuthentication", "kerberosauthentication", KERBEROS_AUTHENTICATION, flag, "no",
            .flags = KEYWORD_IN_MATCH | KEYWORD_DEBIAN, .until = 1005),
        ROW("KerberosOrLocalPasswd", "kerberosorlocalpasswd", KERBEROS_OR_LOCAL_PASSWD, flag, "yes",
            .flags = KEYWORD_DEBIAN, .until = 1005),
        ROW("KerberosTicketCleanup", "kerberosticketcleanup", KERBEROS_TICKET_CLEANUP, flag, "yes",
            .flags = KEYWORD_DEBIAN, .until = 1005),
        ROW("GSSAPIAuthentication", "gssapiauthentication", GSSAPI_AUTHENTICATION, flag, "no",
            .flags = KEYWORD_IN_MATCH | KEYWORD_DEBIAN, .until = 1004),
        ROW("GSSAPICleanupCredentials", "gssapicleanupcredentials", GSSAPI_CLEANUP_CREDENTIALS,
            flag, "yes", .flags = KEYWORD_DEBIAN, .until = 1004),
        ROW("GSSAPIDelegateCredentials", "gssapidelegatecredentials", GSSAPI_DELEGATE_CREDENTIALS,
            flag, "yes", .flags = KEYWORD_DEBIAN, .since = 1003, .until = 1004),
        ROW("GSSAPIKeyExchange", "gssapikeyexchange", GSSAPI_KEY_EXCHANGE, flag, "no",
            .flags = KEYWORD_DEBIAN, .until = 1004),
        ROW("GSSAPIStrictAcceptorCheck", "gssapistrictacceptorcheck", GSSAPI_STRICT_ACCEPTOR_CHECK,
            flag, "yes", .flags = KEYWORD_DEBIAN, .until = 1004),
        ROW("GSSAPIStoreCredentialsOnRekey", "gssapistorecredentialsonrekey",
            GSSAPI_STORE_CREDENTIALS_ON_REKEY, flag, "no", .flags = KEYWORD_DEBIAN, .until = 1004),
        ROW("GSSAPIKexAlgorithms", "gssapikexalgorithms", GSSAPI_KEX_ALGORITHMS, algorithms_gss,
            algorithms_initial_gss, COMMAS, .flags = KEYWORD_DEBIAN, .until = 1004),
        ROW("PasswordAuthentication", "passwordauthentication", PASSWORD_AUTHENTICATION, flag,
            "yes", MATCH),
        ROW("KbdInteractiveAuthentication", "kbdinteractiveauthentication",
            KBD_INTERACTIVE_AUTHENTICATION, flag, "no", MATCH, .until = 807),
        ROW("KbdInteractiveAuthentication", "kbdinteractiveauthentication",
            KBD_INTERACTIVE_AUTHENTICATION, flag, "yes", MATCH, .since = 807),
        ROW("ChallengeResponseAuthentication", "challengeresponseauthentication",
            CHALLENGE_RESPONSE_AUTHENTICATION, flag, "yes", .until = 807),
        ROW("PrintMotd", "printmotd", PRINT_MOTD, flag, "yes"),
        ROW("PrintLastLog", "printlastlog", PRINT_LAST_LOG, flag, "yes"),
        ROW("X11Forwarding", "x11forwarding", X11_FORWARDING, flag, "no", MATCH),
        ROW("X11UseLocalhost", "x11uselocalhost", X11_USE_LOCALHOST, flag, "yes", MATCH),
        ROW("PermitTTY", "permittty", PERMIT_TTY, flag, "yes", MATCH),
        ROW("PermitUserRC", "permituserrc", PERMIT_USER_RC, flag, "yes", MATCH),
        ROW("StrictModes", "strictmodes", STRICT_MODES, flag, "yes"),
        ROW("TCPKeepAlive", "tcpkeepalive", TCP_KEEP_ALIVE, flag, "yes", .until = 1006),
        ROW("TCPKeepAlive", "tcpkeepalive", TCP_KEEP_ALIVE, tcp_keep_alive, "true", .since = 1006),
        ROW("PermitEmptyPasswords", "permitemptypasswords", PERMIT_EMPTY_PASSWORDS, flag, "no",
            MATCH),
        ROW("Compression", "compression", COMPRESSION, compression, "yes"),
        ROW("GatewayPorts", "gatewayports", GATEWAY_PORTS, gateway_ports, "no", MATCH),
        ROW("UseDNS", "usedns", USE_DNS, flag, "no"),
        ROW("AllowTcpForwarding", "allowtcpforwarding", ALLOW_TCP_FORWARDING, tcp_forwarding, "yes",
            MATCH),
        ROW("AllowAgentForwarding", "allowagentforwarding", ALLOW_AGENT_FORWARDING, flag, "yes",
            MATCH),
        ROW("DisableForwarding", "disableforwarding", DISABLE_FORWARDING, flag, "no", MATCH),
        ROW("AllowStreamLocalForwarding", "allowstreamlocalforwarding",
            ALLOW_STREAM_LOCAL_FORWARDING, tcp_forwarding, "yes", MATCH),
        ROW("StreamLocalBindUnlink", "streamlocalbindunlink", STREAM_LOCAL_BIND_UNLINK, flag, "no",
            MATCH),
        ROW("FingerprintHash", "fingerprinthash", FINGERPRINT_HASH, fingerprint_hash, "SHA256",
            .repeat = REPEAT_LAST),
        ROW("ExposeAuthInfo", "exposeauthinfo", EXPOSE_AUTH_INFO, flag, "no", MATCH),
        ROW("WarnWeakCrypto", "warnweakcrypto", WARN_WEAK_CRYPTO, weak_crypto, "true",
            .since = 1006),
        ROW("RefuseConnection", "refuseconnection", REFUSE_CONNECTION, flag, "no", MATCH,
            .since = 909),
        ROW("DebianBanner", "debianbanner", DEBIAN_BANNER, flag, "yes", .flags = KEYWORD_DEBIAN,
            .until = 905, .layout = LAYOUT_HIDDEN),
        ROW("DebianBanner", "debianbanner", DEBIAN_BANNER, flag, "yes", .flags = KEYWORD_DEBIAN,
            .since = 905),
        ROW("PidFile", "pidfile", PID_FILE, path, "/run/sshd.pid", NONE(GLOBAL)),
        ROW("ModuliFile", "modulifile", MODULI_FILE, path, "/etc/ssh/moduli", .since = 806, PATH),
        ROW("XAuthLocation", "xauthlocation", XAUTH_LOCATION, path, "/usr/bin/xauth", NONE(GLOBAL),
            PATH),
        ROW("Ciphers", "ciphers", CIPHERS, algorithms_cipher, NULL, COMMAS),
        ROW("Macs", "macs", MACS, algorithms_mac, NULL, COMMAS),
        ROW("Banner", "banner", BANNER, path, "none", MATCH, NONE(GLOBAL), PATH),
        ROW("ForceCommand", "forcecommand", FORCE_COMMAND, raw_command, "none", MATCH, NONE(ALWAYS),
            COMMAND),
        ROW("ChrootDirectory", "chrootdirectory", CHROOT_DIRECTORY, chroot, "none", MATCH,
            NONE(ALWAYS), PATH),
        ROW("TrustedUserCAKeys", "trustedusercakeys", TRUSTED_USER_CA_KEYS, path, "none", MATCH,
            NONE(GLOBAL), PATH),
        ROW("RevokedKeys", "revokedkeys", REVOKED_KEYS, path, "none", MATCH, NONE(GLOBAL), PATH,
            .until = 1003),
        ROW("SecurityKeyProvider", "securitykeyprovider", SECURITY_KEY_PROVIDER, sk_provider,
            "internal", NONE(GLOBAL), PATH),
        ROW("AuthorizedPrincipalsFile", "authorizedprincipalsfile", AUTHORIZED_PRINCIPALS_FILE,
            pattern_path, "none", MATCH, NONE(GLOBAL), PATH, .until = 1006),
        ROW("AuthorizedPrincipalsFile", "authorizedprincipalsfile", AUTHORIZED_PRINCIPALS_FILE,
            pattern_path, "none", MATCH, NONE(ALWAYS), PATH, .since = 1006),
        ROW("VersionAddendum", "versionaddendum", VERSION_ADDENDUM, version_addendum, "none"),
        ROW("AuthorizedKeysCommand", "authorizedkeyscommand", AUTHORIZED_KEYS_COMMAND,
            absolute_command, "none", MATCH, COMMAND),
        ROW("AuthorizedKeysCommandUser", "authorizedkeyscommanduser", AUTHORIZED_KEYS_COMMAND_USER,
            word, "none", MATCH),
        ROW("AuthorizedPrincipalsCommand", "authorizedprincipalscommand",
            AUTHORIZED_PRINCIPALS_COMMAND, absolute_command, "none", MATCH, COMMAND),
        ROW("AuthorizedPrincipalsCommandUser", "authorizedprincipalscommanduser",
            AUTHORIZED_PRINCIPALS_COMMAND_USER, word, "none", MATCH),
        ROW("HostKeyAgent", "hostkeyagent", HOST_KEY_AGENT, host_key_agent, "none", NONE(GLOBAL)),
        ROW("KexAlgorithms", "kexalgorithms", KEX_ALGORITHMS, algorithms_kex, NULL, COMMAS),
        ROW("CASignatureAlgorithms", "casignaturealgorithms", CA_SIGNATURE_ALGORITHMS,
            algorithms_ca, NULL, COMMAS, MATCH),
        ROW("HostbasedAcceptedKeyTypes", "hostbasedacceptedkeytypes", HOSTBASED_ACCEPTED_ALGORITHMS,
            algorithms_key, NULL, COMMAS, MATCH, .until = 805),
        ROW("HostbasedAcceptedAlgorithms", "hostbasedacceptedalgorithms",
            HOSTBASED_ACCEPTED_ALGORITHMS, algorithms_key, NULL, COMMAS, MATCH, .since = 805),
        ROW("HostKeyAlgorithms", "hostkeyalgorithms", HOST_KEY_ALGORITHMS, algorithms_key, NULL,
            COMMAS),
        ROW("PubkeyAcceptedKeyTypes", "pubkeyacceptedkeytypes", PUBKEY_ACCEPTED_ALGORITHMS,
            algorithms_key, NULL, COMMAS, MATCH, .until = 805),
        ROW("PubkeyAcceptedAlgorithms", "pubkeyacceptedalgorithms", PUBKEY_ACCEPTED_ALGORITHMS,
            algorithms_key, NULL, COMMAS, MATCH, .since = 805),
        ROW("RDomain", "rdomain", RDOMAIN, rdomain, NULL, MATCH, .layout = LAYOUT_HIDDEN),
        ROW("SshdSessionPath", "sshdsessionpath", SSHD_SESSION_PATH, path,
            "/usr/lib/openssh/sshd-session", .since = 908, PATH),
        ROW("SshdAuthPath", "sshdauthpath", SSHD_AUTH_PATH, path, "/usr/lib/openssh/sshd-auth",
            .since = 1000, PATH),
        ROW("PerSourcePenaltyExemptList", "persourcepenaltyexemptlist",
            PER_SOURCE_PENALTY_EXEMPT_LIST, exempt_list, "none", NONE(GLOBAL), .since = 908),
        ROW("AgentSocketPath", "agentsocketpath", AGENT_SOCKET_PATH, agent_socket,
            "user:.ssh/agent", MATCH, .since = 1006),
        ROW("LogLevel", "loglevel", LOG_LEVEL, log_level, "INFO", MATCH),
        ROW("SyslogFacility", "syslogfacility", SYSLOG_FACILITY, log_facility, "AUTH"),
        ROW("AuthorizedKeysFile", "authorizedkeysfile", AUTHORIZED_KEYS_FILE, path_list,
            ".ssh/authorized_keys .ssh/authorized_keys2", MATCH, PATH, .until = 1003),
        ROW("AuthorizedKeysFile", "authorizedkeysfile", AUTHORIZED_KEYS_FILE, path_list,
            ".ssh/authorized_keys .ssh/authorized_keys2", MATCH, PATH, .clearing = CLEAR_GLOBAL,
            .since = 1003),
        ROW("RevokedKeys", "revokedkeys", REVOKED_KEYS, path_list, NULL, MATCH, PATH,
            .clearing = CLEAR_GLOBAL, .since = 1003),
        ROW("HostKey", "hostkey", HOST_KEY, host_key,
            "/etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_ed25519_key",
            APPEND, EACH, PATH, .until = 1005),
        ROW("HostKey", "hostkey", HOST_KEY, host_key,
            "/etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_ed25519_key "
            "/etc/ssh/ssh_host_mldsa44_ed25519_key",
            APPEND, EACH, PATH, .since = 1005),
        ROW("HostCertificate", "hostcertificate", HOST_CERTIFICATE, host_key, NULL, APPEND, EACH,
            PATH),
        ROW("AllowUsers", "allowusers", ALLOW_USERS, users, NULL, MATCH, APPEND, EACH),
        ROW("DenyUsers", "denyusers", DENY_USERS, users, NULL, MATCH, APPEND, EACH),
        ROW("AllowGroups", "allowgroups", ALLOW_GROUPS, groups, NULL, MATCH, APPEND, EACH),
        ROW("DenyGroups", "denygroups", DENY_GROUPS, groups, NULL, MATCH, APPEND, EACH),
        ROW("AcceptEnv", "acceptenv", ACCEPT_ENV, accept_env, NULL, MATCH, APPEND, EACH),
        ROW("SetEnv", "setenv", SET_ENV, env, NULL, .flags = KEYWORD_IN_MATCH | KEYWORD_NOT_COPIED,
            EACH, .until = 807),
        ROW("SetEnv", "setenv", SET_ENV, env, NULL, MATCH, EACH, .since = 807),
        ROW("AuthenticationMethods", "authenticationmethods", AUTHENTICATION_METHODS, methods,
            "any", MATCH, .clearing = CLEAR_GLOBAL, .cleared = "any"),
        ROW("LogVerbose", "logverbose", LOG_VERBOSE, log_verbose, NULL, MATCH, .since = 805),
        ROW("ChannelTimeout", "channeltimeout", CHANNEL_TIMEOUT, timeouts, NULL, MATCH,
            .clearing = CLEAR_GLOBAL, .since = 902, .until = 903),
        ROW("ChannelTimeout", "channeltimeout", CHANNEL_TIMEOUT, timeouts, "none", MATCH,
            NONE(GLOBAL), .since = 903),
        ROW("Subsystem", "subsystem", SUBSYSTEM, subsystem, NULL, EACH, .until = 905),
        ROW("Subsystem", "subsystem", SUBSYSTEM, subsystem, NULL, MATCH, EACH, .since = 905),
        ROW("MaxStartups", "maxstartups", MAX_STARTUPS, max_startups, "10:30:100"),
        ROW("PerSourceMaxStartups", "persourcemaxstartups", PER_SOURCE_MAX_STARTUPS,
            per_source_max_startups, "none", .repeat = REPEAT_LAST, .since = 805, .until = 905),
        ROW("PerSourceMaxStartups", "persourcemaxstartups", PER_SOURCE_MAX_STARTUPS,
            per_source_max_startups, "none", .since = 905),
        ROW("PerSourceNetBlockSize", "persourcenetblocksize", PER_SOURCE_NET_BLOCK_SIZE,
            net_block_size, "32:128", .repeat = REPEAT_LAST, .since = 805, .until = 1001),
        ROW("PerSourceNetBlockSize", "persourcenetblocksize", PER_SOURCE_NET_BLOCK_SIZE,
            net_block_size, "32:128", .since = 1001),
        ROW("PermitTunnel", "permittunnel", PERMIT_TUNNEL, tunnel, "no", MATCH),
        ROW("IPQoS", "ipqos", IPQOS, ipqos, "lowdelay throughput",
            .flags = KEYWORD_IN_MATCH | KEYWORD_DEBIAN, .repeat = REPEAT_LAST, .until = 1000),
        ROW("IPQoS", "ipqos", IPQOS, ipqos, "af21 cs1",
            .flags = KEYWORD_IN_MATCH | KEYWORD_UPSTREAM, .repeat = REPEAT_LAST, .until = 1001),
        ROW("IPQoS", "ipqos", IPQOS, ipqos, "ef cs1", .flags = KEYWORD_IN_MATCH | KEYWORD_DEBIAN,
            .repeat = REPEAT_LAST, .since = 1000, .until = 1001),
        ROW("IPQoS", "ipqos", IPQOS, ipqos, "ef cs0", MATCH, .repeat = REPEAT_LAST, .since = 1001,
            .until = 1003),
        ROW("IPQoS", "ipqos", IPQOS, ipqos, "ef cs0", MATCH, .since = 1003),
        ROW("RekeyLimit", "rekeylimit", REKEY_LIMIT, rekey_limit, "0 0", MATCH,
            .repeat = REPEAT_FIELDS),
        ROW("PermitOpen", "permitopen", PERMIT_OPEN, permit_open, "any", MATCH),
        ROW("PermitListen", "permitlisten", PERMIT_LISTEN, permit_listen, "any", MATCH),
        ROW("PermitUserEnvironment", "permituserenvironment", PERMIT_USER_ENVIRONMENT,
            permit_user_environment, "no", .flags = KEYWORD_TEXT_COPIED, .until = 1004),
        ROW("PermitUserEnvironment", "permituserenvironment", PERMIT_USER_ENVIRONMENT,
            permit_user_environment, "no", .since = 1004),
        ROW("PubkeyAuthOptions", "pubkeyauthoptions", PUBKEY_AUTH_OPTIONS, pubkey_auth_options,
            "none", MATCH, .repeat = REPEAT_FIELDS, .until = 1006),
        ROW("PubkeyAuthOptions", "pubkeyauthoptions", PUBKEY_AUTH_OPTIONS, pubkey_auth_options,
            "none max-pk-ok:6", MATCH, .repeat = REPEAT_FIELDS, .since = 1006),
        ROW("PerSourcePenalties", "persourcepenalties", PER_SOURCE_PENALTIES, penalties,
            "crash:90 authfail:5 noauth:1 grace-exceeded:10 refuseconnection:10 max:600 min:15 "
            "max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive",
            .since = 908, .until = 1003),
        ROW("PerSourcePenalties", "persourcepenalties", PER_SOURCE_PENALTIES, penalties,
            "crash:90.000000 authfail:5.000000 noauth:1.000000 invaliduser:5.000000 "
            "grace-exceeded:10.000000 refuseconnection:10.000000 max:600.000000 min:15.000000 "
            "max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive",
            .since = 1003),

        ALIAS("HostDSAKey", "hostdsakey", HOST_KEY, host_key, APPEND),
        ALIAS("HostbasedAcceptedKeyTypes", "hostbasedacceptedkeytypes",
              HOSTBASED_ACCEPTED_ALGORITHMS, algorithms_key, MATCH, .since = 805),
        ALIAS("PubkeyAcceptedKeyTypes", "pubkeyacceptedkeytypes", PUBKEY_ACCEPTED_ALGORITHMS,
              algorithms_key, MATCH, .since = 805),
        ALIAS("DSAAuthentication", "dsaauthentication", PUBKEY_AUTHENTICATION, flag),
        ALIAS("ChallengeResponseAuthentication", "challengeresponseauthentication",
              KBD_INTERACTIVE_AUTHENTICATION, flag, MATCH, .since = 807),
        ALIAS("SkeyAuthentication", "skeyauthentication", KBD_INTERACTIVE_AUTHENTICATION, flag,
              MATCH, .since = 807),
        ALIAS("GSSAPICleanupCreds", "gssapicleanupcreds", GSSAPI_CLEANUP_CREDENTIALS, flag,
              .flags = KEYWORD_DEBIAN, .until = 1004),
        ALIAS("KeepAlive", "keepalive", TCP_KEEP_ALIVE, flag, .until = 1006),
        ALIAS("KeepAlive", "keepalive", TCP_KEEP_ALIVE, tcp_keep_alive, .since = 1006),
        LEGACY("Match", "match", MATCH, MATCH),
        LEGACY("Include", "include", INCLUDE, MATCH),
        LEGACY("PAMAuthenticationViaKbdInt", "pamauthenticationviakbdint", DEPRECATED,
               .until = 1004),
        LEGACY("ServerKeyBits", "serverkeybits", DEPRECATED),
        LEGACY("KeyRegenerationInterval", "keyregenerationinterval", DEPRECATED),
        LEGACY("RhostsAuthentication", "rhostsauthentication", DEPRECATED),
        LEGACY("RhostsRSAAuthentication", "rhostsrsaauthentication", DEPRECATED, MATCH),
        LEGACY("RSAAuthentication", "rsaauthentication", DEPRECATED, MATCH),
        LEGACY("SkeyAuthentication", "skeyauthentication", DEPRECATED, .until = 807),
        LEGACY("CheckMail", "checkmail", DEPRECATED),
        LEGACY("PermitBlacklistedKeys", "permitblacklistedkeys", DEPRECATED,
               .flags = KEYWORD_DEBIAN),
        LEGACY("UseLogin", "uselogin", DEPRECATED),
        LEGACY("VerifyReverseMapping", "verifyreversemapping", DEPRECATED),
        LEGACY("ReverseMappingCheck", "reversemappingcheck", DEPRECATED),
        LEGACY("AuthorizedKeysFile2", "authorizedkeysfile2", DEPRECATED, MATCH),
        LEGACY("UsePrivilegeSeparation", "useprivilegeseparation", DEPRECATED),
        LEGACY("Protocol", "protocol", IGNORED),
        LEGACY("KerberosTgtPassing", "kerberostgtpassing", UNSUPPORTED, .until = 1004),
        LEGACY("KerberosTgtPassing", "kerberostgtpassing", DEPRECATED, .since = 1004),
        LEGACY("AFSTokenPassing", "afstokenpassing", UNSUPPORTED, .until = 1004),
        LEGACY("AFSTokenPassing", "afstokenpassing", DEPRECATED, .since = 1004),
        LEGACY("KerberosGetAFSToken", "kerberosgetafstoken", UNSUPPORTED),
        LEGACY("KerberosAuthentication", "kerberosauthentication", UNSUPPORTED, MATCH),
        LEGACY("KerberosOrLocalPasswd", "kerberosorlocalpasswd", UNSUPPORTED),
        LEGACY("KerberosTicketCleanup", "kerberosticketcleanup", UNSUPPORTED),
        LEGACY("GSSAPIAuthentication", "gssapiauthentication", UNSUPPORTED, MATCH),
        LEGACY("GSSAPICleanupCredentials", "gssapicleanupcredentials", UNSUPPORTED),
        LEGACY("GSSAPIStrictAcceptorCheck", "gssapistrictacceptorcheck", UNSUPPORTED),
        LEGACY("GSSAPIDelegateCredentials", "gssapidelegatecredentials", UNSUPPORTED,
               .since = 1003),
        LEGACY("GSSUseSessionCCache", "gssusesessionccache", UNSUPPORTED, .flags = KEYWORD_DEBIAN,
               .until = 1004),
        LEGACY("GSSAPIUseSessionCredCache", "gssapiusesessioncredcache", UNSUPPORTED,
               .flags = KEYWORD_DEBIAN, .until = 1004),
};
/* clang-format on */
const size_t n_keyword_table = N_ELEMENTS(keyword_table);

bool keyword_is_of(const struct keyword *keyword, const struct sshd_release *release) {
        if (release->number < keyword->since)
                return false;
        if (keyword->until != 0 && release->number >= keyword->until)
                return false;
        if (keyword->flags & KEYWORD_DEBIAN)
                return release->flavour == SSHD_DEBIAN;
        if (keyword->flags & KEYWORD_UPSTREAM)
                return release->flavour == SSHD_UPSTREAM;
        return true;
}

const struct keyword *keyword_find(const char *name, const struct sshd_release *release) {
        size_t n = strlen(name);
        char first = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;

        for (size_t i = 0; i < N_ELEMENTS(keyword_table); i++) {
                const struct keyword *keyword = &keyword_table[i];

                if (keyword->n_name == n && keyword->first == first &&
                    strcasecmp(keyword->name, name) == 0 && keyword_is_of(keyword, release))
                        return keyword;
        }
        return NULL;
}

const struct keyword *keyword_own_row(const struct keyword *keyword,
                                      const struct sshd_release *release) {
        if (keyword->use == KEYWORD_SETTING && keyword_is_of(keyword, release))
                return keyword;
        return keyword->setting == SETTING_NONE ? NULL
                                                : keyword_of_setting(keyword->setting, release);
}

const struct keyword *keyword_of_setting(enum setting setting, const struct sshd_release *release) {
        for (size_t i = 0; i < N_ELEMENTS(keyword_table); i++) {
                const struct keyword *keyword = &keyword_table[i];

                if (keyword->setting == setting && keyword->use == KEYWORD_SETTING &&
                    keyword_is_of(keyword, release))
                        return keyword;
        }
        return NULL;
}
