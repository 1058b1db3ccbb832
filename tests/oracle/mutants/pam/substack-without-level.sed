# file: daemon/pam/stack.c
# breaks: a substack is spliced like an include
s/file->level \+ \(entry->control == PAM_CONTROL_SUBSTACK\)/file->level/
