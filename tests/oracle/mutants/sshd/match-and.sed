# file: daemon/sshd/match.c
# breaks: the last criterion of a Match line decides alone
/if \(r == 0\)/{N;s/if \(r == 0\)\n *result = 0/result = r/;}
