# file: daemon/sshd/take.c
# breaks: Ciphers -* leaves nothing instead of the defaults
s/if \(r == 0 && state->is_set && !is_matched\)/if (r == 0 \&\& state->is_set \&\& is_matched)/
