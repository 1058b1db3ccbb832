# file: daemon/pam/stack.c
# breaks: an include that fails adds no rule
s/return r == FILE_ABORTED \|\| r == FILE_ABSENT \? fail_inclusion\(file, entry, target\) : r;/return r == FILE_ABSENT ? FILE_READ : r == FILE_ABORTED ? fail_inclusion(file, entry, target) : r;/
