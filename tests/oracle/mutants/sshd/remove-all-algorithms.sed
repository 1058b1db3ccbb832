# file: daemon/sshd/take.c
# breaks: Ciphers -* leaves nothing instead of the defaults
s/if \(r == 0 && !is_matched\)/if (r == 0 \&\& is_matched)/
