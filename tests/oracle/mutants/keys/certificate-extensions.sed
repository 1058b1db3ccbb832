# file: daemon/keys/pubkey.c
# breaks: extensions of a certificate need no values
s/ \|\| !are_pairs\(extensions\)//
