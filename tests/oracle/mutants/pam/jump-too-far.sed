# file: daemon/pam/walk.c
# breaks: a jump beyond the end is harmless
s/jump\(rules, action, at\) > 0/jump(rules, action, at) < 0/
