# file: daemon/keys/options.c
# breaks: port 0 is a port
s/return port > 0;/return true;/
