# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the evasion suite: what an intruder or a clumsy tool does, and what must follow.

Each row is one shell script that does it, run as root or as `user`. `path` (and `rule`, where it matters which) must
be named by an alert; then the path is REVERTED: what it was before, in kind, content, owner, mode, flags and link
text, or the row says why it is only REPORTED, with a finding, or TOLD, with nothing but `message`. `shows` is a
command that must succeed in the end, whatever the outcome. `undo` ends what cannot be put right by the guard, after
which no finding may be left.
"""

import dataclasses

REVERTED, REPORTED, TOLD = "reverted", "reported", "told"

MAIN = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
FIRST = "/etc/ssh/sshd_config.d/0-first.conf"
LAST = "/etc/ssh/sshd_config.d/zz-last.conf"
PAM = "/etc/pam.d/sshd"
AUTH = "/etc/pam.d/common-auth"
UNIT = "/etc/systemd/system/ssh.service.d/evil.conf"
EVADE = "/root/evade"
EVIL = "PasswordAuthentication yes"

PASSWORDS, REFUSED, APPROVED = "site.no-passwords", "sshd.refused", "site.approved"


@dataclasses.dataclass(frozen=True)
class Row:
    id: str
    what: str
    attack: str
    path: str
    rule: str = ""
    outcome: str = REVERTED
    why: str = ""  # it is only reported
    user: str = ""  # who does it; root if empty
    setup: str = ""  # what an administrator does before, and approves: `approve` names the paths
    approve: tuple = ()
    needs: str = ""  # the row whose setup this one needs too
    shows: str = ""  # what must hold in the end
    undo: str = ""
    message: str = ""  # another alert that must be there
    not_on: dict = dataclasses.field(default_factory=dict)  # file system: why it cannot be done, or not be seen, there


def drop_in(id, what, content, rule="", path=FIRST, **more):
    """A new drop-in; PRINTF is printf(1)'s format of its content."""
    return Row(id, what, f"printf '{content}\\n' >{path}", path, rule, **more)


def background(command):
    return f"setsid {command} >/dev/null 2>&1 </dev/null & echo $! >/run/evade.pid; sleep 0.1"


def unmount(path):
    """The guard, or the sshd it asks, may have a file of it open just then."""
    return f"timeout 10 sh -c 'until umount {path}; do sleep 0.1; done'"


STOP = "kill -KILL $(cat /run/evade.pid)"
PAUSED = "pid=$(systemctl show -P MainPID sshguardd); kill -STOP $pid; {}; kill -CONT $pid"

NO_FLAGS = {"fuse": "it has no flags"}
FILES = [
    Row("E1-root", "appended to, as a careless script does", f"sed -i '1i {EVIL}' {DROP_IN}", DROP_IN, PASSWORDS),
    Row("E10", "/etc/ssh/sshrc runs at each login", "echo 'touch /tmp/owned' >/etc/ssh/sshrc", "/etc/ssh/sshrc"),
    Row("E11-root", "file swapped for a link",
        f"printf '{EVIL}\\n' >/etc/evil && ln -sf /etc/evil {DROP_IN}", DROP_IN, undo="rm /etc/evil"),
    Row("E12-target", "target of a link edited elsewhere", f"printf '{EVIL}\\n' >/etc/ssh-real/linked",
        "/etc/ssh-real/linked",
        setup="mkdir /etc/ssh-real; echo 'ClientAliveInterval 61' >/etc/ssh-real/linked; "
              "ln -s /etc/ssh-real/linked /etc/ssh/sshd_config.d/60-linked.conf",
        approve=("/etc/ssh/sshd_config.d/60-linked.conf",)),
    Row("E12-through", "written through the link", f"printf '{EVIL}\\n' >/etc/ssh/sshd_config.d/60-linked.conf",
        "/etc/ssh-real/linked", needs="E12-target"),
    Row("E12-retarget", "link made to lead elsewhere",
        f"printf '{EVIL}\\n' >/etc/evil; ln -sfn /etc/evil /etc/ssh/sshd_config.d/60-linked.conf",
        "/etc/ssh/sshd_config.d/60-linked.conf", needs="E12-target", undo="rm /etc/evil"),
    Row("E13", "written through another name made before",
        f"printf '{EVIL}\\n' >/etc/second", DROP_IN, setup=f"ln {DROP_IN} /etc/second", undo="rm -f /etc/second"),
    Row("E14", "stored through a mapping that is held",
        background(f"{EVADE} store {DROP_IN} 'PasswordAuthentication no ' 'PasswordAuthentication yes'"), DROP_IN,
        PASSWORDS, undo=STOP),
    Row("E15", "truncate(2) by path, no close", f"truncate -s 20 {DROP_IN}", DROP_IN),
    Row("E16", "O_TMPFILE, written after it got its name",
        f"{EVADE} unnamed {FIRST} '# nothing\n' '{EVIL}\n'", FIRST, PASSWORDS,
        not_on={"fuse": "it has no O_TMPFILE"}),
    Row("E17", "exchanged with a bad version",
        f"printf '{EVIL}\\n' >/etc/ssh/sshd_config.d/.x; {EVADE} exchange {DROP_IN} /etc/ssh/sshd_config.d/.x", DROP_IN,
        undo="rm -f /etc/ssh/sshd_config.d/.x", not_on={"fuse": "its rename has no exchange"}),
    Row("E18-root", "directory renamed away and made again",
        f"mv /etc/ssh /etc/ssh.away && cp -a /etc/ssh.away /etc/ssh && printf '{EVIL}\\n' >{DROP_IN}", DROP_IN,
        undo="rm -rf /etc/ssh.away"),
    Row("E19-root", "directory with a file in it made at once",
        f"mkdir -p /etc/systemd/system/ssh.service.d && printf '[Service]\\nEnvironment=SSHD_OPTS=-4\\n' >{UNIT}",
        UNIT, undo="rmdir /etc/systemd/system/ssh.service.d"),
    Row("E20", "mount over a file", f"printf '{EVIL}\\n' >/etc/evil; mount --bind /etc/evil {DROP_IN}", DROP_IN,
        PASSWORDS, REPORTED, "a mount point cannot be replaced, and the guard may not unmount",
        undo=f"{unmount(DROP_IN)}; rm /etc/evil"),
    Row("E21", "file system over the directory",
        f"mount -t tmpfs none /etc/ssh/sshd_config.d && printf '{EVIL}\\n' >{DROP_IN}", DROP_IN,
        undo=unmount("/etc/ssh/sshd_config.d")),
    Row("E22", "another tree for sshd alone, in its unit",
        "mkdir -p /etc/systemd/system/ssh.service.d; "
        f"printf '[Service]\\nBindPaths=/srv/evil:/etc/ssh\\n' >{UNIT}", UNIT,
        undo="rmdir /etc/systemd/system/ssh.service.d"),
    Row("E23-immutable", "bad version made immutable", f"printf '{EVIL}\\n' >{DROP_IN}; chattr +i {DROP_IN}", DROP_IN, not_on=NO_FLAGS),
    Row("E23-append", "bad version made append-only", f"printf '{EVIL}\\n' >{DROP_IN}; chattr +a {DROP_IN}", DROP_IN, not_on=NO_FLAGS),
    Row("E23-new", "new bad file made immutable", f"printf '{EVIL}\\n' >{FIRST}; chattr +i {FIRST} || true", FIRST),
    Row("E23-directory", "and its directory too",
        f"printf '{EVIL}\\n' >{DROP_IN}; chattr +i {DROP_IN} /etc/ssh/sshd_config.d", DROP_IN,
        undo="sleep 1; chattr -i /etc/ssh/sshd_config.d", not_on=NO_FLAGS),  # the guard lifts it and puts it back
    Row("E23-good", "flag alone, on a good version", f"chattr +i {MAIN}", MAIN, not_on=NO_FLAGS),
    Row("E24", "another user may write, by ACL", f"setfacl -m u:games:rw {MAIN}", MAIN),
    Row("E24-xattr", "attribute added", f"setfattr -n user.x -v y {MAIN}", MAIN),
    Row("E25", "time put back after the edit",
        f"touch -r {DROP_IN} /tmp/time; printf '{EVIL}\\n' >{DROP_IN}; touch -r /tmp/time {DROP_IN}", DROP_IN, PASSWORDS),
    Row("E26", "queue of events made to overflow",
        PAUSED.format(f"{EVADE} storm /etc/ssh 20000; printf '{EVIL}\\n' >{DROP_IN}"), DROP_IN, PASSWORDS,
        message="OVERFLOW", not_on={"fuse": "it is polled: no event of it fills a queue"}),
    Row("R8", "never closed, written again and again", background(f"{EVADE} endless {FIRST} '{EVIL}\n'"), FIRST,
        PASSWORDS, undo=f"{STOP}; rm -f {FIRST}"),
]

SSHD = [
    drop_in("E3", "keys from a file elsewhere", "AuthorizedKeysFile /dev/shm/%%u", "sshd.keys-file"),
    drop_in("E4", "keys from whatever matches", "AuthorizedKeysFile /var/lib/.k/*", "sshd.keys-file"),
    drop_in("E40", "drop-in sorted first", EVIL, PASSWORDS),
    drop_in("E40-byte", "drop-in sorted before 00-", EVIL, PASSWORDS, path="/etc/ssh/sshd_config.d/!x.conf"),
    drop_in("E41", "Match all in the last one", f"Match all\\n{EVIL}", PASSWORDS, path=LAST),
    drop_in("E42", "Match Address *", f"Match Address *\\n{EVIL}", PASSWORDS, path=LAST),
    drop_in("E42-root", "Match User root", "Match User root\\nPermitRootLogin yes", "site.no-root", path=LAST),
    drop_in("E42-net", "Match Address of one network", f"Match Address 203.0.113.0/24\\n{EVIL}", PASSWORDS, path=LAST),
    drop_in("E43", "Match LocalPort, which blinds sshd -T", f"Match LocalPort 2222\\n{EVIL}", PASSWORDS, path=LAST),
    drop_in("E44-equals", "keyword=value", "PermitRootLogin=yes", "site.no-root"),
    drop_in("E44-quotes", "keyword in quotes", '"PermitRootLogin" yes', "site.no-root"),
    drop_in("E44-case", "upper case and a tab", "PERMITROOTLOGIN\\tyes", "site.no-root"),
    drop_in("E44-nul", "text behind a NUL", "PermitRootLogin yes\\000 # no", "site.no-root"),
    drop_in("E44-crlf", "CRLF", "PermitRootLogin yes\\r", "site.no-root"),
    Row("E45", "line appended behind a Match block", f"printf 'Match User x\\n{EVIL}\\n' >>{MAIN}", MAIN, PASSWORDS),
    drop_in("E46", "Include of a file elsewhere", "Include /tmp/inc.conf", PASSWORDS,
            setup=f"printf '{EVIL}\\n' >/tmp/inc.conf"),
    drop_in("E46-match", "Include inside a Match block", "Match User games\\nInclude /tmp/inc.conf", PASSWORDS, path=LAST,
            needs="E46", undo="rm /tmp/inc.conf"),
    Row("E46-later", "included file elsewhere edited later", f"printf '{EVIL}\\n' >/etc/inc.conf", "/etc/inc.conf",
        setup="echo 'ClientAliveCountMax 4' >/etc/inc.conf; "
        "echo 'Include /etc/inc.conf' >/etc/ssh/sshd_config.d/70-inc.conf",
        approve=("/etc/ssh/sshd_config.d/70-inc.conf", "/etc/inc.conf")),
    Row("E47", "drop-in made writable for all", f"chmod 666 {DROP_IN}", DROP_IN, "file.sshd-config-dropins"),
    Row("E47-include", "included file made writable for all", "chmod 666 /etc/inc.conf", "/etc/inc.conf",
        needs="E46-later"),
    Row("E48-fifo", "FIFO as a drop-in, which hangs sshd -t", f"mkfifo {FIRST}", FIRST),
    Row("E48-link", "dangling link as a drop-in", f"ln -s /nowhere {FIRST}", FIRST),
    Row("E48-directory", "directory as a drop-in", f"mkdir {FIRST}", FIRST),
    Row("E48-mode", "mode 000", f"chmod 000 {DROP_IN}", DROP_IN),
    Row("E48-big", "50 MB as a drop-in", f"head -c 50000000 /dev/zero >{FIRST}", FIRST),
    Row("E49", "sshd_not_to_be_run", "touch /etc/ssh/sshd_not_to_be_run", "/etc/ssh/sshd_not_to_be_run",
        "file.sshd-not-to-be-run"),
    Row("E50", "SSHD_OPTS, which beats the configuration", "echo 'SSHD_OPTS=-oPermitRootLogin=yes' >/etc/default/ssh",
        "/etc/default/ssh"),
    Row("E50-unit", "ExecStart in a unit drop-in",
        "mkdir -p /etc/systemd/system/ssh.service.d; "
        f"printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/sshd -D -oPermitRootLogin=yes\\n' >{UNIT}", UNIT,
        undo="rmdir /etc/systemd/system/ssh.service.d"),
    Row("E51", "library preloaded into sshd by its unit",
        f"mkdir -p /etc/systemd/system/ssh.service.d; printf '[Service]\\nEnvironment=LD_PRELOAD=/tmp/x.so\\n' >{UNIT}",
        UNIT, undo="rmdir /etc/systemd/system/ssh.service.d"),
    Row("E51-preload", "/etc/ld.so.preload", "echo /tmp/x.so >/etc/ld.so.preload", "/etc/ld.so.preload",
        "file.ld-so-preload", REPORTED, "the profile only alerts: it is not sshd's file", undo="rm /etc/ld.so.preload"),
    drop_in("E52", "SetEnv LD_PRELOAD", "SetEnv LD_PRELOAD=/tmp/x.so", "sshd.set-env"),
    drop_in("E53", "AcceptEnv LD_*", "AcceptEnv LD_*", "sshd.accept-env"),
    drop_in("E53-user", "PermitUserEnvironment with a pattern", "PermitUserEnvironment LD_*", "sshd.user-environment"),
    drop_in("E54", "AuthorizedKeysCommand", "AuthorizedKeysCommand /bin/echo x\\nAuthorizedKeysCommandUser root",
            "sshd.keys-command"),
    drop_in("E54-principals", "AuthorizedPrincipalsCommand",
            "AuthorizedPrincipalsCommand /bin/echo root\\nAuthorizedPrincipalsCommandUser root",
            "sshd.principals-command"),
    drop_in("E55", "TrustedUserCAKeys: a new authority", "TrustedUserCAKeys /etc/ssh/ca.pub", "site.no-ca",
            path=LAST, undo="rm -f /etc/ssh/ca.pub"),
    Row("E55-content", "content of the trusted authority's file changed", "echo 'ssh-ed25519 AAAA evil' >>/etc/ssh/ca",
        "/etc/ssh/ca", outcome=REPORTED, why="no rule asks for more: it is drift without one",
        setup="ssh-keygen -q -t ed25519 -N '' -f /root/ca </dev/null; cp /root/ca.pub /etc/ssh/ca; "
              "echo 'TrustedUserCAKeys /etc/ssh/ca' >/etc/ssh/sshd_config.d/80-ca.conf",
        approve=("/etc/ssh/sshd_config.d/80-ca.conf", "/etc/ssh/ca"),
        undo="cp /root/ca.pub /etc/ssh/ca"),
    drop_in("E56", "PAMServiceName (unknown to this release)", "PAMServiceName evil", REFUSED),
    drop_in("E57", "SshdSessionPath (unknown to this release)", "SshdSessionPath /tmp/evil", REFUSED),
    drop_in("E58-subsystem", "Subsystem elsewhere", "Subsystem sftp /tmp/evil", path=FIRST),
    drop_in("E58-provider", "SecurityKeyProvider", "SecurityKeyProvider /tmp/x.so", "sshd.security-key-provider"),
    drop_in("E58-agent", "HostKeyAgent", "HostKeyAgent /tmp/agent", "sshd.host-key-agent"),
    drop_in("E58-moduli", "ModuliFile elsewhere", "ModuliFile /tmp/moduli", "sshd.moduli"),
    drop_in("E59", "Match exec, which sshd refuses", "Match exec /bin/true", REFUSED, path=LAST),
    Row("E60", "host key replaced", "ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/new </dev/null; "
        "mv /etc/ssh/new /etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key", outcome=REPORTED,
        why="the content of secrets is not kept",
        setup="cp -p /etc/ssh/ssh_host_ed25519_key /root/hostkey",
        undo="cp -p /root/hostkey /etc/ssh/ssh_host_ed25519_key; rm -f /etc/ssh/new.pub"),
    Row("E60-mode", "host key readable for all", "chmod 644 /etc/ssh/ssh_host_ed25519_key",
        "/etc/ssh/ssh_host_ed25519_key", "file.host-keys", REPORTED, "a host key's file is never written",
        undo="chmod 600 /etc/ssh/ssh_host_ed25519_key"),
    Row("E34", "list of revoked keys emptied", ": >/etc/ssh/revoked", "/etc/ssh/revoked", "site.approved.revoked",
        setup="cp /etc/ssh/ssh_host_ed25519_key.pub /etc/ssh/revoked; "
              "echo 'RevokedKeys /etc/ssh/revoked' >/etc/ssh/sshd_config.d/81-revoked.conf",
        approve=("/etc/ssh/sshd_config.d/81-revoked.conf", "/etc/ssh/revoked")),
    Row("E34-lockout", "and removed, so that sshd takes no key of anybody", "rm /etc/ssh/revoked", "/etc/ssh/revoked",
        needs="E34"),
    Row("E34-principals", "somebody's principals widened", "echo root >>/etc/ssh/principals", "/etc/ssh/principals",
        "site.approved.principals",
        setup="echo alice >/etc/ssh/principals; "
              "echo 'AuthorizedPrincipalsFile /etc/ssh/principals' >/etc/ssh/sshd_config.d/82-principals.conf",
        approve=("/etc/ssh/sshd_config.d/82-principals.conf", "/etc/ssh/principals")),
    Row("E61", "moduli weakened", "head -n 20 /etc/ssh/moduli >/etc/ssh/m; mv /etc/ssh/m /etc/ssh/moduli",
        "/etc/ssh/moduli"),
    Row("E62", "edit, reload of sshd, edit undone, in a moment in which nobody watches",
        PAUSED.format(f"cp -p {DROP_IN} /root/good; printf '{EVIL}\\n' >{DROP_IN}; kill -HUP $(cat /run/sshd.pid); "
                      f"sleep 2; cp -p /root/good {DROP_IN}; touch /root/undone"), MAIN, "sshd.reread", TOLD,
        "the files are right; it is sshd that is told to read them again", message="SSHD_REREAD",
        shows="test /run/sshd.pid -nt /root/undone"),
    Row("E64-root", "root's key from a credential of systemd, as at boot",
        "mkdir -p /run/evil && echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDWmGTpxJvVsGVpYxXxGiSlBlVtWQHc8Q0mDCnRXcbzX x' "
        ">/run/evil/ssh.authorized_keys.root && "
        "CREDENTIALS_DIRECTORY=/run/evil systemd-tmpfiles --create /usr/lib/tmpfiles.d/provision.conf",
        "/root/.ssh/authorized_keys", "site.keys", undo="rm -r /run/evil"),
    Row("E64-unit", "keys for everybody from a credential, by sshd's unit",
        "mkdir -p /etc/systemd/system/ssh.service.d; printf '[Service]\\nLoadCredential=k:/etc/evil\\nExecStart=\\n"
        f"ExecStart=/usr/sbin/sshd -D -oAuthorizedKeysFile=/run/credentials/ssh.service/k\\n' >{UNIT}", UNIT,
        undo="rmdir /etc/systemd/system/ssh.service.d"),
    drop_in("E65", "keys from userdb", "AuthorizedKeysCommand /usr/bin/userdbctl ssh-authorized-keys %%u\\n"
            "AuthorizedKeysCommandUser root", "site.no-keys-command"),
    Row("E65-record", "a record with a key in userdb", """mkdir -p /etc/userdb; echo '{ "userName": "alice", """
        """"privileged": { "sshAuthorizedKeys": [ "ssh-ed25519 AAAA" ] } }' >/etc/userdb/alice.user""",
        "/etc/userdb/alice.user", "site.approved.userdb", undo="rmdir /etc/userdb"),
]

STACKS = [
    Row("E70", "pam_succeed_if sufficient as the first line of su-l",
        "sed -i '1i auth sufficient pam_succeed_if.so uid >= 0' /etc/pam.d/su-l", "/etc/pam.d/su-l"),
    Row("E70-sshd", "the same in sshd's stack", f"sed -i '1i auth sufficient pam_succeed_if.so uid >= 0' {PAM}", PAM,
        "site.pam-asks"),
    Row("E71", "module by an absolute path", f"sed -i '1i auth sufficient /tmp/pam_evil.so' {PAM}", PAM,
        "pam.system-modules"),
    Row("E72", "pam_permit sufficient", f"sed -i '1i auth sufficient pam_permit.so' {PAM}", PAM, "site.pam-asks"),
    Row("E72-jump", "jump over pam_unix",
        f"sed -i '1i auth [default=1] pam_permit.so' {AUTH}", AUTH),
    Row("E73", "pam_exec in sshd's stack", f"echo 'session optional pam_exec.so /tmp/evil' >>{PAM}", PAM,
        "pam.sshd.no-exec"),
    Row("E74", "module replaced", "cp /lib/x86_64-linux-gnu/security/pam_permit.so /root/good.so; "
        "echo x >>/lib/x86_64-linux-gnu/security/pam_unix.so",
        "/lib/x86_64-linux-gnu/security/pam_unix.so", outcome=REPORTED, why="what lies under /usr is alerted on only",
        setup="cp -p /lib/x86_64-linux-gnu/security/pam_unix.so /root/pam_unix.so",
        undo="cp -p /root/pam_unix.so /lib/x86_64-linux-gnu/security/pam_unix.so"),
    Row("E75", "sshd's stack deleted", f"rm {PAM}", PAM),
    Row("E75-vendor", "and another one in the vendor directory",
        f"mkdir -p /usr/lib/pam.d; echo 'auth sufficient pam_permit.so' >/usr/lib/pam.d/sshd; rm {PAM}", PAM,
        undo="rm /usr/lib/pam.d/sshd"),
    Row("E75-conf", "/etc/pam.conf appears", "echo 'sshd auth sufficient pam_permit.so' >/etc/pam.conf",
        "/etc/pam.conf"),
    Row("E76", "common-auth edited, not sshd", f"sed -i '1i auth sufficient pam_permit.so' {AUTH}", AUTH,
        "site.pam-asks"),
    Row("E77", "profile for the next pam-auth-update",
        "printf 'Name: x\\nDefault: yes\\nPriority: 999\\nAuth-Type: Primary\\nAuth:\\n\\tsufficient pam_permit.so\\n' "
        ">/usr/share/pam-configs/evil", "/usr/share/pam-configs/evil", outcome=REPORTED,
        why="what lies under /usr is alerted on only", undo="rm /usr/share/pam-configs/evil"),
    Row("E77-merged", "and pam-auth-update run",
        "printf 'Name: x\\nDefault: yes\\nPriority: 999\\nAuth-Type: Primary\\nAuth:\\n\\tsufficient pam_permit.so\\n' "
        ">/usr/share/pam-configs/evil; DEBIAN_FRONTEND=noninteractive pam-auth-update --package", AUTH,
        undo="rm /usr/share/pam-configs/evil"),
    Row("E78", "/etc/security/access.conf", "echo '+:ALL:ALL' >>/etc/security/access.conf",
        "/etc/security/access.conf"),
    Row("E78-faillock", "/etc/security/faillock.conf", "echo 'deny = 0' >>/etc/security/faillock.conf",
        "/etc/security/faillock.conf"),
    Row("E80", "script run at login by pam_motd", "printf '#!/bin/sh\\n' >/etc/update-motd.d/99-evil",
        "/etc/update-motd.d/99-evil", outcome=REPORTED, why="no rule asks for more",
        undo="rm -f /etc/update-motd.d/99-evil"),
    Row("E81", "one-time code no longer required",
        f"sed -i 's/pam_google_authenticator.so/& nullok/' {PAM}", PAM, "site.totp"),
    Row("E81-moved", "or asked for behind a sufficient line",
        f"sed -i -e 1d -e 's/^@include common-auth/auth sufficient pam_unix.so\\nauth required "
        f"pam_google_authenticator.so/' {PAM}", PAM, "site.pam-asks"),
    Row("E82", "pam_unix nullok", f"sed -i 's/pam_unix.so/pam_unix.so nullok nullok/' {AUTH}", AUTH),
]

GUARDIAN = [
    Row("E90-stop", "stopped, changed, started",
        f"systemctl stop sshguardd; printf '{EVIL}\\n' >{DROP_IN}; systemctl start sshguardd", DROP_IN, PASSWORDS,
        message="GAP"),
    Row("E90-kill", "killed, changed",
        f"kill -KILL $(systemctl show -P MainPID sshguardd); printf '{EVIL}\\n' >{DROP_IN}", DROP_IN, PASSWORDS,
        message="GAP"),
    Row("E90-unit", "its unit overridden",
        "mkdir -p /etc/systemd/system/sshguardd.service.d; printf '[Service]\\nExecStart=\\nExecStart=/bin/true\\n' "
        ">/etc/systemd/system/sshguardd.service.d/evil.conf", "/etc/systemd/system/sshguardd.service.d/evil.conf",
        outcome=REPORTED, why="its own unit is alerted on only",
        undo="rm -r /etc/systemd/system/sshguardd.service.d"),
    Row("E90-mask", "its unit masked", "ln -s /dev/null /etc/systemd/system/sshguardd.service",
        "/etc/systemd/system/sshguardd.service", outcome=REPORTED, why="its own unit is alerted on only",
        undo="rm /etc/systemd/system/sshguardd.service"),
    Row("E91", "suspended, changed, resumed", PAUSED.format(f"printf '{EVIL}\\n' >{DROP_IN}; sleep 1"), DROP_IN,
        PASSWORDS),
    Row("E92", "policy edited", "echo 'rules = ( { id = \"site.no-passwords\"; enabled = false; } );' "
        ">/etc/sshguardd/policy.d/99-evil.conf", "/etc/sshguardd/policy.d/99-evil.conf", outcome=REPORTED,
        why="its own policy is alerted on only: it is in force only after a reload",
        undo="rm /etc/sshguardd/policy.d/99-evil.conf"),
    Row("E92-main", "configuration edited", "sed -i 's/enforce/audit/' /etc/sshguardd/sshguardd.conf",
        "/etc/sshguardd/sshguardd.conf", outcome=REPORTED, why="its own configuration is alerted on only",
        setup="cp -p /etc/sshguardd/sshguardd.conf /root/own", undo="cp -p /root/own /etc/sshguardd/sshguardd.conf"),
    Row("E95", "path swapped for a link between look and write",
        "cp -p /etc/shadow /root/shadow; ln -s /etc/shadow /etc/ssh/sshd_config.d/.race; "
        f"printf '{EVIL}\\n' >{DROP_IN}; {EVADE} race {DROP_IN} /etc/ssh/sshd_config.d/.race 3000; "
        "rm -f /etc/ssh/sshd_config.d/.race; cmp /etc/shadow /root/shadow", DROP_IN,
        undo="cmp /etc/shadow /root/shadow"),
    Row("E93", "an exclusion", f"sshguardctl permit {DROP_IN} --for 1h --reason harmless", DROP_IN, "", TOLD,
        "root may; who, why and until when is in the journal and in the list", message="PERMIT",
        shows="""sshguardctl --json permit | grep -q '"by_uid": *0' && sshguardctl permit | grep harmless && """
        "journalctl -o cat | grep -q 'uid 0 permitted changes.*harmless'",
        undo="sshguardctl permit --revoke $(sshguardctl permit | awk '/harmless/ { print $1 }')"),
    Row("E97", "the socket flooded, by a user who is not served and by one who never reads",
        background(f"{EVADE} flood /run/sshguardd/control.sock 200") + f"; printf '{EVIL}\\n' >{DROP_IN}", DROP_IN,
        PASSWORDS, shows="timeout 5 sshguardctl status >/dev/null || test $? = 1", undo=STOP),
    Row("R15-full", "no room to put it back", f"cp -p {DROP_IN} /root/good; {EVADE} fill /etc/filler; "
        f"printf '{EVIL}\\n' >{DROP_IN}; sleep 1", DROP_IN, PASSWORDS, TOLD, "as soon as there is room, if not before",
        shows=f"rm -f /etc/filler; cmp /root/good {DROP_IN}",
        not_on={"overlay": "/etc is no file system of its own, and the disk is the machine's that tests",
                "fuse": "the disk is the machine's that tests",
                "btrfs": "what leaves no room to put it back leaves none for the attack"}),
    Row("R15-read-only", "file system read-only",
        PAUSED.format(f"printf '{EVIL}\\n' >{DROP_IN}; mount -o remount,ro /etc"), DROP_IN, PASSWORDS, REPORTED,
        "it is put back as soon as it can be written", undo="mount -o remount,rw /etc",
        not_on={"overlay": "/etc is no file system of its own", "fuse": "its server would have to be"}),
]

# What a user does in his home, and others to him. alice's keys are as approved; bob's are judged by what they are.
KEYS, KEYS2 = "/home/alice/.ssh/authorized_keys", "/home/alice/.ssh/authorized_keys2"
BOB, CAROL = "/home/bob/.ssh/authorized_keys", "/home/carol/.ssh/authorized_keys"
FOREIGN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDWmGTpxJvVsGVpYxXxGiSlBlVtWQHc8Q0mDCnRXcbzX intruder"
WEAK = "$(cat /srv/weak.pub)"  # an ecdsa key; bob may have ed25519 alone


def by(user, id, what, attack, path, rule="", **more):
    return Row(id, what, attack, path, rule, user=user, **more)


USERS = [
    by("alice", "E1", "foreign key appended", f"echo '{FOREIGN}' >>{KEYS}", KEYS, "site.keys"),
    by("alice", "E2", "in the second file that sshd reads", f"echo '{FOREIGN}' >{KEYS2}", KEYS2, "site.keys"),
    by("bob", "E5", "options of a restricted key removed", f"sed -i 's/^.*\\(ssh-ed25519\\)/\\1/' {BOB}", BOB,
       "site.restricted"),
    by("bob", "E6", "an authority for certificates", f"""echo 'restrict,cert-authority,principals="root" {FOREIGN}' >>{BOB}""",
       BOB, "keys.no-cert-authority"),
    by("bob", "E7", "option environment", f"""echo 'restrict,environment="LD_PRELOAD=/tmp/x.so" {FOREIGN}' >>{BOB}""", BOB,
       "keys.no-environment"),
    by("alice", "E8", "~/.ssh/environment", "echo LD_PRELOAD=/tmp/x.so >~/.ssh/environment", "/home/alice/.ssh/environment",
       "file.user-environment"),
    by("alice", "E9", "~/.ssh/rc runs at each login", "echo true >~/.ssh/rc", "/home/alice/.ssh/rc", "file.user-rc"),
    by("alice", "E11", "key file swapped for a link", f"echo '{FOREIGN}' >~/evil && ln -sf ~/evil {KEYS}", KEYS,
       undo="rm /home/alice/evil"),
    by("alice", "E11-directory", "~/.ssh swapped for a link",
       f"mkdir ~/evil && echo '{FOREIGN}' >~/evil/authorized_keys && mv ~/.ssh ~/away && ln -s evil ~/.ssh", KEYS,
       "site.keys", undo="rm /home/alice/.ssh; mv /home/alice/away /home/alice/.ssh; rm -r /home/alice/evil"),
    by("alice", "E13-user", "written through another name made before", f"echo '{FOREIGN}' >>~/other", KEYS, "site.keys",
       setup=f"ln {KEYS} /home/alice/other", undo="rm -f /home/alice/other"),
    by("alice", "E18", "~/.ssh renamed away and made again",
       f"mv ~/.ssh ~/away && mkdir -m 700 ~/.ssh && echo '{FOREIGN}' >{KEYS} && chmod 600 {KEYS}", KEYS, "site.keys",
       undo="rm -r /home/alice/away"),
    by("carol", "E19", "~/.ssh made with a key in it at once", f"mkdir -m 700 ~/.ssh && echo '{FOREIGN}' >{CAROL}", CAROL,
       "site.keys", undo="rmdir /home/carol/.ssh"),
    by("bob", "E27", "an allowed key in an option, another one behind it",
       f"""echo "restrict,command=\\"echo {FOREIGN}\\" {WEAK}" >>{BOB}""", BOB, "site.ed25519"),
    by("bob", "E28", "key of a type that this sshd does not know",
       f"echo 'restrict ssh-mldsa44-ed25519 AAAAC3NzaC1 new' >>{BOB}", BOB),
    by("bob", "E29", "9000 blanks, upper case, CRLF, no newline at the end",
       f"""printf '%9000sRESTRICT %s\\r' '' "{WEAK}" >>{BOB}""", BOB, "site.ed25519"),
    Row("E30", "a twin of root, with a key", "mkdir -p /srv/toor/.ssh; "
        f"echo '{FOREIGN}' >/srv/toor/.ssh/authorized_keys; echo 'toor:x:0:0::/srv/toor:/bin/bash' >>/etc/passwd",
        "/srv/toor/.ssh/authorized_keys", "", TOLD, "an account that was never there has no approved version",
        message="ACCOUNT", shows="sshguardctl keys toor | grep -q intruder", undo="sed -i /^toor:/d /etc/passwd; rm -r /srv/toor"),
    Row("E30-shell", "a service's account gets a shell and a key",
        f"usermod -s /bin/bash www-data; mkdir -p /var/www/.ssh; echo '{FOREIGN}' >/var/www/.ssh/authorized_keys",
        "/var/www/.ssh/authorized_keys", "site.keys",
        undo="usermod -s /usr/sbin/nologin www-data; rmdir /var/www/.ssh /var/www"),
    Row("E30-skel", "a key for every account to come", f"mkdir /etc/skel/.ssh; echo '{FOREIGN}' >/etc/skel/.ssh/authorized_keys",
        "/etc/skel/.ssh", "file.skel-ssh", REPORTED, "a directory is not taken away", undo="rm -r /etc/skel/.ssh"),
    Row("E31", "a home elsewhere, with other keys in it",
        "mkdir -p /srv/alice/.ssh; chmod 700 /srv/alice/.ssh; chown -R alice: /srv/alice; "
        f"echo '{FOREIGN}' >/srv/alice/.ssh/authorized_keys; chown alice: /srv/alice/.ssh/authorized_keys; "
        "sed -i 's,/home/alice:,/srv/alice:,' /etc/passwd", "/srv/alice/.ssh/authorized_keys", "site.keys", TOLD,
        "the approved keys move along", message="REVERTED", shows=f"cmp /srv/alice/.ssh/authorized_keys {KEYS}",
        undo="sed -i 's,/srv/alice:,/home/alice:,' /etc/passwd; rm -r /srv/alice"),
    by("alice", "E32", "seed of one-time codes readable for all", "chmod 644 ~/.google_authenticator",
       "/home/alice/.google_authenticator", "site.seed-mode", outcome=REPORTED,
       why="pam_google_authenticator writes it at each login: it is never written by another",
       undo="chmod 400 /home/alice/.google_authenticator"),
    by("alice", "E79", "environment for pam_env", "echo LD_PRELOAD=/tmp/x.so >~/.pam_environment",
       "/home/alice/.pam_environment", "site.pam-environment"),
    by("alice", "E33", "keys deleted", f"rm {KEYS}", KEYS, "site.keys"),
    by("alice", "E33-empty", "keys emptied", f": >{KEYS}", KEYS, "site.keys"),
    by("alice", "E15-user", "truncated by path", f"truncate -s 0 {KEYS}", KEYS, "site.keys"),
    by("alice", "R1", "a link to a file of root's planted", f"ln -sf /etc/shadow {KEYS}", KEYS, "file.kind", outcome=REPORTED,
       why="neither read nor written: it is a user's link", setup="sha256sum /etc/shadow >/root/shadow.sum",
       shows="sha256sum --check --quiet /root/shadow.sum", undo=f"rm {KEYS}; cp -p /root/alice.keys {KEYS}"),
]

ROWS = FILES + SSHD + STACKS + GUARDIAN + USERS

