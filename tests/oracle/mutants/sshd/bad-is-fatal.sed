# file: daemon/sshd/config.c
# breaks: the first unknown keyword ends the reading
s/r == READING_BAD\)$/r == READING_BAD \&\& false)/
