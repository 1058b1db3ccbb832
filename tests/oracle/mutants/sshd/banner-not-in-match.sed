# file: daemon/sshd/table.c
# breaks: Banner is refused in a Match block
/ROW\("Banner"/s/MATCH, //
