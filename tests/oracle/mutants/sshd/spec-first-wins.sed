# file: daemon/sshd/connection.c
# breaks: of two user= in -C the first counts
/strncmp\(element, fields\[i\]\.prefix, n\) != 0/s/ != 0/ != 0 || *value/
