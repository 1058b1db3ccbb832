# file: daemon/sshd/config.c
# breaks: one level of nested includes too few
s/depth > SSHD_INCLUDE_DEPTH_MAX/depth >= SSHD_INCLUDE_DEPTH_MAX/
