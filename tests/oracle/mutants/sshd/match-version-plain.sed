# file: daemon/sshd/match.c
# breaks: Match version is not in force in the first pass
# releases: trixie sid
s/if \(kind != SSHD_MATCH_VERSION \|\|$/if (true ||/
