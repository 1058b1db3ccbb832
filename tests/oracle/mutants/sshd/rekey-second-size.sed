# file: daemon/sshd/take.c
# breaks: the size of a later RekeyLimit wins
s/state->numbers\[i\] != SSHD_UNSET \|\| value/value/
