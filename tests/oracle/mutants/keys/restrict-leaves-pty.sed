# file: daemon/keys/options.c
# breaks: restrict leaves the pty
s/(permits_pty\), true, true, )true/\1false/
