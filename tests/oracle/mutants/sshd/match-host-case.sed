# file: daemon/sshd/match.c
# breaks: Match Host does not lower the case of the host
/^static int match_host/,/^}/s/\*c >= .A. && \*c <= .Z./false/
