# file: daemon/sshd/listen.c
# breaks: addresses are printed in the order of the file, not by routing domain
/^static bool has_rdomain/,/^}/s/return strcmp.*;/return true;/
/^static bool has_rdomain/,/^}/s/return value->n_strings < 2 && !rdomain;/return true;/
