# file: daemon/pam/module.c
# breaks: pam_deny is taken for a module that may say anything
s/strcmp\(path \+ n \+ 1, name\) == 0/path[n + 1] == 0 \&\& name[0] == 0/
