# file: daemon/pam/walk.c
# breaks: a later failure replaces the code of the first
s/if \(verdict->impression != PAM_NEGATIVE\)/if (true)/
