# file: daemon/sshd/config.c
# breaks: a Match line in an included file ignores the block its Include stands in
s/block->parent = scope->inherited/block->parent = NULL/
