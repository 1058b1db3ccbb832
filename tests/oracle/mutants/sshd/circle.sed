# file: daemon/sshd/config.c
# breaks: a configuration that includes itself is not read again for connections
s/return r == READING_DONE && loader->has_recursion \? read_again\(loader\) : r;/return r;/
