# file: daemon/sshd/config.c
# breaks: global keywords after Match all are refused
s/ \|\| scope->block->is_global;/;/
