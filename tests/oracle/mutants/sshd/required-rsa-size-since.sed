# file: daemon/sshd/table.c
# breaks: RequiredRSASize is known to releases that lack it
# releases: bullseye
/ROW\("RequiredRSASize"/,/\),$/s/since = 901/since = 804/
