# file: daemon/pam/control.c
# breaks: keywords are compared with case
s/strcasecmp\(word, keywords/strcmp(word, keywords/
