# file: daemon/sshd/table.c
# breaks: AcceptEnv lines no longer add up
/ROW\("AcceptEnv"/s/APPEND, //
