# file: daemon/pam/line.c
# breaks: a backslash at the end of a line becomes nothing instead of a blank
# releases: bullseye bookworm
s/buffer\[at\+\+\] = ' ';//
