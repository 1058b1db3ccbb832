# file: daemon/keys/options.c
# breaks: a malformed network in from is passed over
s/by_address < 0/by_address == -1/
