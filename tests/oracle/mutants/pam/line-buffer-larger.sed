# file: daemon/pam/line.c
# breaks: the line buffer of old releases is longer than it is
# releases: bullseye bookworm
s/LINE_BUFFER_SIZE = 1024/LINE_BUFFER_SIZE = 1040/
