# file: daemon/sshd/effective.c
# breaks: a block of a file included in a block that does not match is looked at
s/ \|\| \(block->parent && !ret_active\[block->parent->index\]\)//
