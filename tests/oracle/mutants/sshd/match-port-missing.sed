# file: daemon/sshd/match.c
# breaks: Match LocalPort without lport= does not match instead of failing
/^static int match_port/,/^}/s/if \(connection->lport > 0\)/if (true)/
