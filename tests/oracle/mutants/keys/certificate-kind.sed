# file: daemon/keys/pubkey.c
# breaks: a certificate may be for anything
s/\(kind != 1 && kind != 2\)/false/
