# file: daemon/pam/loader.c
# breaks: a module may be called ?
s/return n > 0 && .*;/return n > 0;/
