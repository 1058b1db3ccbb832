# file: daemon/sshd/listen.c
# breaks: the addresses of a block that is always in force are asked for at start-up alone
s/if \(is_read_again\(directive\)\)/if (false)/
