# file: daemon/sshd/grammar_lists.c
# breaks: AllowUsers takes an impossible CIDR
s/environment->scope, environment->userdata\) >= 0;/environment->scope, environment->userdata) >= -2;/
